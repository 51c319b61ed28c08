"""Who shares what with whom: agents below one connection, one token or none of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.scenarios.principals.token_server import TokenClient, TokenServer
from tests.surfaces.contract.surfaces import TLS
from tests.typed import filled

Era = Literal["auto", "legacy"]


@asynccontextmanager
async def agent(token_client: TokenClient, era: Era) -> AsyncIterator[Client]:
    """An MCP client with that token: a connection of its own in the handshake era, none later."""
    async with (
        httpx2.AsyncClient(headers=token_client.served.headers, timeout=60, verify=TLS) as http,
        Client(
            streamable_http_client(token_client.served.mcp_url, http_client=http), mode=era
        ) as client,
    ):
        yield client


async def call(client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """The result of a call that has to succeed."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return filled(tool, answer.structured_content, arguments)


async def refused(client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """The error that a call has to end with."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    assert answer.meta is not None
    error: dict[str, Any] = answer.meta["jmcp/error"]
    return error


def ids(error: dict[str, Any]) -> set[str]:
    assert error["code"] == "session_required"
    return {row["session_id"] for row in error["details"]["sessions"]}


async def test_two_sub_agents_on_one_connection_have_a_session_each(server: TokenServer) -> None:
    server.write("sub1.ipynb", "sub2.ipynb")
    async with agent(server.token_client("parent"), "legacy") as client:
        first = await call(client, "use_notebook", notebook_path="sub1.ipynb")
        alone = await call(client, "read_notebook")
        assert alone["session_id"] == first["session_id"]
        second = await call(client, "use_notebook", notebook_path="sub2.ipynb")
        assert second["session_id"] != first["session_id"]
        assert "session_opened" in [notice["code"] for notice in second["notices"]]
        # From now on nothing is guessed, also where reading would do no harm.
        both = {first["session_id"], second["session_id"]}
        for tool, given in (
            ("read_notebook", {}),
            ("execute_code", {"code": "1"}),
            ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "x"}),
        ):
            assert ids(await refused(client, tool, **given)) == both
        # At once, each in its own notebook.
        await asyncio.gather(
            *(
                call(
                    client,
                    "insert_cell",
                    session_id=opened["session_id"],
                    cell_index=-1,
                    cell_type="code",
                    cell_source=f"{number}",
                )
                for opened in (first, second)
                for number in range(5)
            )
        )
        for opened in (first, second):
            mine = {"session_id": opened["session_id"]}
            assert (await call(client, "read_notebook", **mine))["cell_count"] == 8
            await call(client, "unuse_notebook", **mine)


async def test_two_agents_under_one_token_do_not_meet(server: TokenServer) -> None:
    server.write("one.ipynb", "two.ipynb")
    token_client = server.token_client("team")
    async with agent(token_client, "legacy") as one, agent(token_client, "legacy") as two:
        first = await call(one, "use_notebook", notebook_path="one.ipynb")
        second = await call(two, "use_notebook", notebook_path="two.ipynb")
        # Without an id, each means what its own connection opened.
        for client, opened in ((one, first), (two, second)):
            inserted = await call(
                client, "insert_cell", cell_index=0, cell_type="code", cell_source="x"
            )
            assert inserted["session_id"] == opened["session_id"]
            assert inserted["notebook_path"] == opened["notebook_path"]
        # They are one owner: the id of the other's works, for agents that work hand in hand.
        theirs = await call(one, "read_notebook", session_id=second["session_id"])
        assert theirs["notebook_path"] == "two.ipynb"
        # Another token is another owner, on a connection of its own or not.
        async with agent(server.token_client("stranger"), "legacy") as stranger:
            error = await refused(stranger, "read_notebook", session_id=first["session_id"])
            assert error["code"] == "session_not_found"
            assert ids(await refused(stranger, "read_notebook")) == set()
        for client in (one, two):
            await call(client, "unuse_notebook")


async def test_a_stateless_client_passes_its_id_or_is_asked_for_it(server: TokenServer) -> None:
    server.write("once.ipynb", "twice.ipynb")
    token_client = server.token_client("stateless")
    code = {"cell_index": 0, "cell_type": "code", "cell_source": "x"}
    async with agent(token_client, "auto") as client:
        opened = await call(client, "use_notebook", notebook_path="once.ipynb")
    mine = {"session_id": opened["session_id"]}
    async with agent(token_client, "auto") as client:
        # Another request is another stranger, who may only look.
        assert (await call(client, "read_notebook"))["session_id"] == opened["session_id"]
        assert ids(await refused(client, "insert_cell", **code)) == {opened["session_id"]}
        assert (await call(client, "insert_cell", **code, **mine))["cell_count"] == 4
        another = await call(client, "use_notebook", notebook_path="twice.ipynb")
        both = {opened["session_id"], another["session_id"]}
        assert ids(await refused(client, "read_notebook")) == both
        # The notebook tells them apart as well.
        found = await call(client, "read_notebook", notebook_path="once.ipynb")
        assert found["session_id"] == opened["session_id"]
    for session_id in both:
        await token_client.call("unuse_notebook", session_id=session_id)


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_agent_that_lost_its_handle_is_told_its_sessions_and_nobody_elses(
    server: TokenServer, era: Era
) -> None:
    server.write("lost.ipynb", "other.ipynb", "foreign.ipynb")
    token_client, foreign = server.token_client("forgetful"), server.token_client("foreign")
    theirs = await foreign.call("use_notebook", notebook_path="foreign.ipynb")
    opened = [
        await token_client.call("use_notebook", notebook_path=name)
        for name in ("lost.ipynb", "other.ipynb")
    ]
    known = {one["session_id"]: one["notebook_path"] for one in opened}
    async with agent(token_client, era) as client:
        error = await refused(client, "execute_code", code="1")
        told = {row["session_id"]: row["notebook_path"] for row in error["details"]["sessions"]}
        assert told == known
        assert all(session_id in error["message"] for session_id in known)
        assert theirs["session_id"] not in str(error)
        # An id that it made up is answered with the same list.
        error = await refused(client, "read_notebook", session_id="made-up-id")
        assert {row["session_id"] for row in error["details"]["sessions"]} == set(known)
        for session_id, notebook_path in known.items():
            read = await call(client, "read_notebook", session_id=session_id)
            assert read["notebook_path"] == notebook_path
            await call(client, "unuse_notebook", session_id=session_id)
    await foreign.call("unuse_notebook", session_id=theirs["session_id"])
