"""Clients are told of what others change in resources that they named, in both protocol eras."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import nbformat as untyped_nbformat
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.core.watching.watches import MOST_OF_A_CLIENT, Watches
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp_api.resources import CELL, NOTEBOOK
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import HEADERS, ExtensionServer
from tests.surfaces.mcp.connections import ERAS, Era, Inbox, connected_to, subscribe, told

nbformat: Any = untyped_nbformat
PEER = Caller(owner="holder", authenticated=True, connection="stdio:1")
WHOLE = NOTEBOOK.uri_of(path="a.ipynb")
FIRST = CELL.uri_of(path="a.ipynb", cell_id="c0")
BOUND = 20.0


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp()
    made.documents.write("a.ipynb", "x = 6", "print(x)")
    async with made.running():
        made.dispatcher.watches = Watches(
            made.dispatcher.leases,
            made.dispatcher.runs.index,
            API.policy.errors.session_limit,
            look_seconds=0.005,
        )
        yield made
    assert not +made.documents.held, "a document is still held"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110  nothing tells when
            await asyncio.sleep(0)


@pytest.mark.parametrize("era", ERAS)
async def test_what_others_change_is_told_and_nothing_else(jmcp: FakeJmcp, era: Era) -> None:
    inbox = Inbox(era)
    async with connected_to(jmcp, era, PEER, inbox.receive) as client:
        assert client.server_capabilities.resources is not None
        assert client.server_capabilities.resources.subscribe
        async with told(client, era, inbox, WHOLE, FIRST):
            await client.call_tool("use_notebook", {"notebook_path": "a.ipynb"})
            edit = {"cell_id": "c0", "cell_source": "x = 7"}
            assert not (await client.call_tool("overwrite_cell_source", edit)).is_error
            jmcp.documents.type_over("a.ipynb", "c1", "print(x + 1)")
            assert await inbox.next() == WHOLE
            jmcp.documents.type_over("a.ipynb", "c0", "x = 8")
            assert {await inbox.next(), await inbox.next()} == {WHOLE, FIRST}
            assert inbox.uris.empty()
        await until(lambda: jmcp.dispatcher.watches.count == 0)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_leaves_holds_nothing(jmcp: FakeJmcp, era: Era) -> None:
    inbox = Inbox(era)
    async with connected_to(jmcp, era, PEER, inbox.receive) as client:
        if era == "legacy":
            await subscribe(client, WHOLE)
            await subscribe(client, WHOLE)
        else:
            stream = client.listen(resource_subscriptions=[WHOLE])
            await stream.__aenter__()
        assert jmcp.dispatcher.watches.count == 1
        if era == "auto":
            await stream.__aexit__(None, None, None)
    await until(lambda: jmcp.dispatcher.watches.count == 0)


async def test_what_cannot_be_watched_is_said(jmcp: FakeJmcp) -> None:
    async with connected_to(jmcp, "legacy", PEER) as client:
        opened = await client.call_tool("use_notebook", {"notebook_path": "a.ipynb"})
        assert not opened.is_error
        run = await client.call_tool("execute_code", {"code": "print(1)"})
        assert run.structured_content is not None
        execution = f"execution://{run.structured_content['execution_id']}/outputs/0/text/plain"
        for uri, part in (
            ("notebook://no.ipynb", "no.ipynb"),
            ("file:///etc/passwd", "notebook://{path}"),
            (execution, "does not change"),
        ):
            with pytest.raises(MCPError) as refusal:
                await subscribe(client, uri)
            assert part in refusal.value.error.message
        assert jmcp.dispatcher.watches.count == 0


async def test_a_stream_promises_what_it_can_keep(jmcp: FakeJmcp) -> None:
    async with (
        connected_to(jmcp, "auto", PEER) as client,
        client.listen(resource_subscriptions=[WHOLE, "notebook://no.ipynb", WHOLE]) as stream,
    ):
        assert stream.honored.resource_subscriptions == [WHOLE]


async def test_a_client_has_so_many_and_another_one_as_many(jmcp: FakeJmcp) -> None:
    for number in range(MOST_OF_A_CLIENT + 1):
        jmcp.documents.write(f"n{number}.ipynb", "1")
    uris = [NOTEBOOK.uri_of(path=f"n{number}.ipynb") for number in range(MOST_OF_A_CLIENT + 1)]
    async with connected_to(jmcp, "legacy", PEER) as client:
        for uri in uris[:-1]:
            await subscribe(client, uri)
        with pytest.raises(MCPError) as refusal:
            await subscribe(client, uris[-1])
        assert refusal.value.error.data["code"] == "session_limit"
        async with connected_to(jmcp, "legacy", replace(PEER, connection="stdio:2")) as other:
            await subscribe(other, uris[-1])
        await subscribe(client, uris[0], ends=True)
        await subscribe(client, uris[-1])


async def test_a_stop_ends_streams_and_does_not_wait_for_clients(jmcp: FakeJmcp) -> None:
    subscriptions = Subscriptions(jmcp.dispatcher)
    async with (
        connected_to(jmcp, "auto", PEER, subscriptions=subscriptions) as client,
        client.listen(resource_subscriptions=[WHOLE]) as stream,
    ):
        subscriptions.close()
        async with asyncio.timeout(BOUND):
            assert [event async for event in stream] == []
        assert jmcp.dispatcher.watches.count == 0


async def watching(extension: ExtensionServer) -> int:
    page = (await extension.client.get("/jmcp/metrics")).text
    found = re.search(r"^jmcp_subscriptions ([0-9.]+)$", page, re.MULTILINE)
    assert found is not None, page
    return int(float(found[1]))


async def nobody_watches(extension: ExtensionServer) -> None:
    async with asyncio.timeout(BOUND):
        while await watching(extension):
            pass


@pytest.mark.parametrize("era", ERAS)
async def test_over_http_a_client_is_told_until_it_goes(
    extension: ExtensionServer, era: Era
) -> None:
    cells = [nbformat.v4.new_code_cell("x = 6", id="c0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), extension.root / "a.ipynb")
    opened = await extension.client.post("/jmcp/v1/sessions", json={"notebook_path": "a.ipynb"})
    source = f"/jmcp/v1/sessions/{opened.json()['session_id']}/cells/c0/source"
    inbox = Inbox(era)
    async with httpx.AsyncClient(headers=HEADERS, timeout=30) as http:
        transport = streamable_http_client(f"{extension.url}/mcp", http_client=http)
        async with Client(transport, mode=era, message_handler=inbox.receive) as client:
            async with told(client, era, inbox, WHOLE):
                assert await watching(extension) == 1
                put = await extension.client.put(source, json={"cell_source": "x = 7"})
                assert put.status_code == 200
                assert await inbox.next() == WHOLE
            await nobody_watches(extension)
            if era == "legacy":
                await subscribe(client, WHOLE)  # and goes without a word
    await nobody_watches(extension)
