"""Tools whose results a client shows in the chat (MCP Apps), in both protocol eras and on every wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from mcp.client import Client, ClientExtension, advertise
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, TextContent, TextResourceContents, Tool

from jmcp.compose import API
from jmcp.transport.mcp.result_form import ResultForm
from jmcp.transport.mcp.server import mcp_server
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.mcp.views import EXTENSION, VIEW_META, VIEW_TYPE
from jmcp.transport.site import site
from jmcp_api import limits
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import client_of_site
from tests.surfaces.mcp.connections import ERAS, Era

Wire = Literal["http", "streamed http", "memory"]
WIRES: tuple[Wire, ...] = ("http", "streamed http", "memory")
URI = "ui://jmcp/output"
VIEWS = advertise(EXTENSION, {"mimeTypes": [VIEW_TYPE]})
OTHER_VIEWS = advertise(EXTENSION, {"mimeTypes": ["text/uri-list"]})
VS_CODE = "Visual Studio Code"
TOOLS = ["show_output", "read_output_data"]
PNG = "iVBORw0KGgo" * 30
TABLE = "<table><tr><td>secret cell</td></tr></table>"
LONG = "0123456789" * 50_000


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp()
    made.documents.write("a.ipynb", "plot()", "x = 1", "table()")
    plot = {"image/png": PNG, "text/plain": "<Figure size 640x480>"}
    made.documents.show(
        "a.ipynb",
        "c0",
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m\n"},
        {"output_type": "display_data", "data": plot, "metadata": {"image/png": {"width": 320}}},
    )
    table = {"text/html": TABLE, "text/plain": LONG}
    rich = {"output_type": "execute_result", "data": table, "metadata": {}, "execution_count": 1}
    made.documents.show("a.ipynb", "c2", rich)
    async with made.running():
        yield made


@asynccontextmanager
async def connected(
    jmcp: FakeJmcp,
    era: Era,
    wire: Wire = "http",
    *extensions: ClientExtension,
    name: str = "chat",
    toolsets: tuple[str, ...] = ("core", "apps"),
) -> AsyncIterator[Client]:
    info = Implementation(name=name, version="1")
    if wire == "memory":
        form = ResultForm("auto", API.text_clients, API.unannotated_clients)
        server = mcp_server(jmcp.dispatcher, ToolList(API, toolsets), "1.2.3", form=form)
        async with Client(server, mode=era, client_info=info, extensions=extensions) as made:
            yield made
        return
    app = site(jmcp.dispatcher, version="1.2.3", toolsets=toolsets)
    async with client_of_site(app) as http:
        transport = streamable_http_client("http://localhost/mcp", http_client=http)
        async with Client(transport, mode=era, client_info=info, extensions=extensions) as made:
            yield made


async def tools(client: Client) -> dict[str, Tool]:
    return {tool.name: tool for tool in (await client.list_tools()).tools}


async def called(
    client: Client, tool: str, wire: Wire = "http", **arguments: Any
) -> CallToolResult:
    async def on_progress(progress: float, total: float | None, message: str | None) -> None: ...

    reporting = on_progress if wire == "streamed http" else None
    return await client.call_tool(tool, arguments, progress_callback=reporting)


async def opened(client: Client, wire: Wire = "http", path: str = "a.ipynb") -> str:
    answer = await called(client, "use_notebook", wire, notebook_path=path)
    return text_of(answer).partition("session_id: ")[2].split()[0]


def text_of(answer: CallToolResult) -> str:
    return "\n".join(one.text for one in answer.content if isinstance(one, TextContent))


@pytest.mark.parametrize("era", ERAS)
async def test_who_shows_views_is_told_of_them(jmcp: FakeJmcp, era: Era) -> None:
    for wire in WIRES[::2]:
        async with connected(jmcp, era, wire, VIEWS) as client:
            # The handshake has no place for what a server says of extensions.
            said = client.server_capabilities.extensions
            assert said == (None if era == "legacy" else {EXTENSION: {}}), wire
            for _ in range(2):  # made the first time, kept the second
                found = await tools(client)
                meta = found["show_output"].meta
                assert meta == {
                    "ui": {"resourceUri": URI, "visibility": ["model", "app"]},
                    "ui/resourceUri": URI,
                }
                meta = found["read_output_data"].meta
                assert meta is not None
                assert meta["ui"]["visibility"] == ["app"]
            assert [one.uri for one in (await client.list_resources()).resources] == [
                URI,
                "notebook://a.ipynb",
            ]


@pytest.mark.parametrize("era", ERAS)
async def test_nobody_else_is(jmcp: FakeJmcp, era: Era) -> None:
    for wire in WIRES[::2]:
        for extensions in ((), (OTHER_VIEWS,)):
            async with connected(jmcp, era, wire, *extensions) as client:
                assert (await tools(client)).keys().isdisjoint(TOOLS), wire
                (notebook,) = (await client.list_resources()).resources
                assert notebook.uri == "notebook://a.ipynb"


async def test_a_server_without_the_toolset_has_no_views(jmcp: FakeJmcp) -> None:
    async with connected(jmcp, "auto", "memory", VIEWS, toolsets=("core",)) as client:
        assert EXTENSION not in (client.server_capabilities.extensions or {})
        assert (await tools(client)).keys().isdisjoint(TOOLS)
        assert [one.uri for one in (await client.list_resources()).resources] == [
            "notebook://a.ipynb"
        ]


@pytest.mark.parametrize("era", ERAS)
async def test_vs_code_gets_the_tools_with_views_without_annotations(
    jmcp: FakeJmcp, era: Era
) -> None:
    async with connected(jmcp, era, "http", VIEWS, name=VS_CODE) as client:
        found = await tools(client)
        assert [found[name].annotations for name in TOOLS] == [None, None]
        assert found["read_cell"].annotations is not None
        # A view reads the structure, whatever the client shows its model.
        assert found["show_output"].output_schema is None
        assert found["read_output_data"].output_schema is not None
    async with connected(jmcp, era, "http", VIEWS) as client:
        assert (await tools(client))["show_output"].annotations is not None


@pytest.mark.parametrize("era", ERAS)
async def test_the_page_is_whole_and_reaches_nothing(jmcp: FakeJmcp, era: Era) -> None:
    async with connected(jmcp, era, "http", VIEWS) as client:
        (page,) = (await client.read_resource(URI)).contents
        assert isinstance(page, TextResourceContents)
        assert (page.uri, page.mime_type) == (URI, VIEW_TYPE)
        assert page.text.lower().startswith("<!doctype html>")
        assert page.meta == {
            "ui": {"csp": {}, "permissions": {"clipboardWrite": {}}, "prefersBorder": True}
        }


@pytest.mark.parametrize("era", ERAS)
async def test_the_data_goes_to_the_view_and_not_to_the_model(jmcp: FakeJmcp, era: Era) -> None:
    for wire in WIRES:
        async with connected(jmcp, era, wire, VIEWS) as client:
            session = await opened(client, wire)
            given = {"session_id": session, "cell_id": "c0"}
            answer = await called(client, "show_output", wire, **given)
        read = json.dumps([one.model_dump(mode="json") for one in answer.content])
        read += json.dumps(answer.structured_content)
        assert "whether anybody looks at it is not known" in text_of(answer)
        assert [type(one) for one in answer.content] == [TextContent]
        assert answer.structured_content is not None
        assert answer.structured_content["to_view"] is True
        assert "red" not in read, wire
        assert PNG not in read, wire
        assert answer.meta is not None
        view = answer.meta[VIEW_META]
        assert (view["session_id"], view["notebook_path"]) == (session, "a.ipynb")
        printed, plot = view["outputs"]
        assert printed["types"] == {"text/plain": {"size": 13, "data": "\x1b[31mred\x1b[0m\n"}}
        assert plot["types"]["image/png"] == {"size": len(PNG), "data": PNG}
        assert plot["sizes"] == {"image/png": {"width": 320}}


@pytest.mark.parametrize("era", ERAS)
async def test_without_views_it_is_said_that_nobody_saw_it(jmcp: FakeJmcp, era: Era) -> None:
    for wire in WIRES:
        async with connected(jmcp, era, wire) as client:
            session = await opened(client, wire)
            answer = await called(client, "show_output", wire, session_id=session, cell_id="c0")
        assert "Nothing was shown to the person" in text_of(answer)
        assert "red" in text_of(answer)
        assert VIEW_META not in (answer.meta or {})
        assert answer.structured_content is not None
        assert "to_view" not in answer.structured_content


async def test_what_is_large_is_asked_for_by_the_view(jmcp: FakeJmcp) -> None:
    async with connected(jmcp, "auto", "http", VIEWS, name=VS_CODE) as client:
        session = await opened(client)
        answer = await called(client, "show_output", session_id=session, cell_id="c2")
        assert answer.structured_content is None
        assert answer.meta is not None
        (output,) = answer.meta[VIEW_META]["outputs"]
        assert output["types"]["text/html"]["data"] == TABLE
        long = output["types"]["text/plain"]
        assert long.keys() == {"size", "digest"}
        given = {"session_id": session, "cell_id": "c2", "output": 0, "mime_type": "text/plain"}
        data = ""
        while len(data) < long["size"]:
            page = await called(client, "read_output_data", "http", start=len(data), **given)
            structured = page.structured_content
            assert structured is not None
            assert structured["digest"] == long["digest"]
            assert "0123" not in text_of(page)
            assert len(structured["data"]) <= limits.VIEW_PAGE_CHARACTERS
            data += structured["data"]
        assert data == LONG


async def test_a_script_has_no_view(jmcp: FakeJmcp) -> None:
    """A tool that a tool calls has no client that could show its result."""
    assert not {"show_output", "read_output_data"} & {
        name
        for answer in [await jmcp.call("search_tools", query="")]
        for name in answer["tools"][0].split(", ")
    }


async def test_of_a_cell_that_runs_it_is_said(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "print('so far')\ntime.sleep(60)", "1")
    async with connected(jmcp, "auto", "http", VIEWS) as client:
        session = await opened(client, path="b.ipynb")
        for cell in ("c0", "c1"):
            given = {"session_id": session, "cell_id": cell}
            await called(client, "execute_cell", "http", **given, wait=0)
        async with asyncio.timeout(30):
            await jmcp.kernels.sleeping.reached.wait()
        answer = await called(client, "show_output", session_id=session, cell_id="c0")
        assert "outputs so far" in text_of(answer)
        assert answer.meta is not None
        assert answer.meta[VIEW_META]["running"] is True
        waits = await called(client, "show_output", session_id=session, cell_id="c1")
        assert waits.is_error
        assert "has no outputs yet" in text_of(waits)
        assert "get_execution" in text_of(waits)
        await called(client, "interrupt_kernel", session_id=session)
