"""Clients that give their model no text beside structured content get text alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from mcp.client import Client as McpClient
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ImageContent, Implementation, TextContent

from jmcp.compose import API
from jmcp.core.calls.call import Image, Outcome
from jmcp.transport.mcp.result_form import ResultForm, Structured
from jmcp.transport.mcp.server import mcp_server
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.site import site
from jmcp_api.errors import CellNotFound
from tests.surfaces.conftest import RecordingDispatcher, client_of_site

Era = Literal["auto", "legacy"]
Wire = Literal["http", "streamed http", "memory"]
"""`streamed http` is a call with a progress token, which the SDK answers; `memory` has no HTTP at
all, as stdio."""
ERAS: tuple[Era, ...] = ("auto", "legacy")
WIRES: tuple[Wire, ...] = ("http", "streamed http", "memory")
DATA: dict[str, Any] = {
    "status": "ok",
    "execution_id": "a1",
    "cell_index": None,
    "cell_id": None,
    "execution_count": 1,
    "seconds": 0.5,
    "complete": True,
    "outputs": [],
    "session_id": "ABCDEFGH",
    "notebook_path": "a.ipynb",
    "document": "live",
    "notices": [],
}
IMAGE = Image(mime_type="image/png", data="aGk=")
OTHERS = ["mcp", "claude-ai", "opencode", "", "claude-code-like"]


@asynccontextmanager
async def connected(
    recording: RecordingDispatcher,
    wire: Wire,
    era: Era,
    client: str | None,
    structured: Structured = "auto",
) -> AsyncIterator[McpClient]:
    info = None if client is None else Implementation(name=client, version="1")
    if wire == "memory":
        form = ResultForm(structured, API.text_clients)
        tool_list = ToolList(API, ("core",))
        server = mcp_server(recording, tool_list, "1.2.3", form=form)
        async with McpClient(server, mode=era, client_info=info) as made:
            yield made
        return
    async with client_of_site(site(recording, version="1.2.3", structured=structured)) as http:
        transport = streamable_http_client("http://localhost/mcp", http_client=http)
        async with McpClient(transport, mode=era, client_info=info) as made:
            yield made


async def is_structured(
    recording: RecordingDispatcher, client: McpClient, wire: Wire
) -> tuple[bool, bool]:
    """Whether results have structured content, and whether tools have output schemas."""

    async def on_progress(progress: float, total: float | None, message: str | None) -> None: ...

    recording.outcome = Outcome(tool="any", text="done", result=DATA, images=(IMAGE,))
    reporting = on_progress if wire == "streamed http" else None
    answers = []
    for _ in range(2):
        tools = (await client.list_tools()).tools
        with_schema = {tool.output_schema is not None for tool in tools}
        answer = await client.call_tool("execute_code", {"code": "1"}, progress_callback=reporting)
        assert len(with_schema) == 1
        assert [type(one) for one in answer.content] == [TextContent, ImageContent]
        assert answer.structured_content in (None, DATA)
        answers.append((answer.structured_content is not None, with_schema.pop()))
    assert answers[0] == answers[1]
    return answers[0]


@pytest.mark.parametrize("name", sorted(API.text_clients))
@pytest.mark.parametrize("era", ERAS)
async def test_clients_that_drop_text_get_text_alone(
    recording: RecordingDispatcher, era: Era, name: str
) -> None:
    for wire in WIRES:
        async with connected(recording, wire, era, name) as client:
            assert await is_structured(recording, client, wire) == (False, False), wire


@pytest.mark.parametrize("era", ERAS)
async def test_all_others_get_both(recording: RecordingDispatcher, era: Era) -> None:
    for wire in WIRES:
        for name in (None, *OTHERS[:1]):
            async with connected(recording, wire, era, name) as client:
                assert await is_structured(recording, client, wire) == (True, True), (wire, name)


@pytest.mark.parametrize(("structured", "expected"), [("always", True), ("never", False)])
async def test_who_runs_the_server_may_decide_for_all(
    recording: RecordingDispatcher, structured: Structured, expected: bool
) -> None:
    for wire in WIRES:
        for name in (None, "claude-code"):
            async with connected(recording, wire, "auto", name, structured) as client:
                found = await is_structured(recording, client, wire)
            assert found == (expected, expected), (wire, name)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", [None, "claude-code"])
async def test_an_error_is_text_for_all(
    recording: RecordingDispatcher, era: Era, name: str | None
) -> None:
    error = CellNotFound.no_cells(param="cell_index", index=3, cell_count=0)
    recording.outcome = Outcome(tool="any", text="all of it", error=error)
    for wire in WIRES:
        async with connected(recording, wire, era, name) as client:
            answer = await client.call_tool("read_cell", {"cell_index": 3})
        assert answer.is_error
        assert [one.text for one in answer.content if isinstance(one, TextContent)] == ["all of it"]
        assert answer.structured_content is None


def test_names_are_compared_as_clients_write_them() -> None:
    form = ResultForm("auto", API.text_clients)
    for name in API.text_clients:
        assert not form.is_structured(name)
        assert not form.is_structured(name.upper())
        assert not form.is_structured(f"{name} (via mcp-remote 0.1.18)")
    for other in OTHERS:
        assert form.is_structured(other)


async def test_rest_has_its_structure_whatever_clients_of_mcp_get(
    recording: RecordingDispatcher,
) -> None:
    recording.outcome = Outcome(tool="any", text="done", result=DATA)
    async with client_of_site(site(recording, version="1.2.3", structured="never")) as client:
        listed = (await client.get("/mcp/tools/list")).json()["tools"]
        assert all("outputSchema" in tool for tool in listed)
        called = await client.post("/mcp/tools/call", json={"tool_name": "list_kernels"})
        assert called.json()["result"] == DATA
        assert (await client.get("/jmcp/v1/kernels")).json() == DATA
