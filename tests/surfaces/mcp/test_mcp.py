"""MCP through the SDK's own client, in both protocol eras, against a real server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx2 as httpx
import mcp_types as types
import pytest
from jsonschema import Draft202012Validator
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from jmcp.compose import API, VERSION
from jmcp.core.calls.call import Image, Outcome
from jmcp.transport.mcp.server import ERROR_META, result_data
from tests.surfaces.conftest import HEADERS, ExtensionServer

pytestmark = pytest.mark.oldest

Era = Literal["auto", "legacy"]
LISTED = json.loads(Path(API.listing_file).read_bytes())
ERAS: tuple[Era, ...] = ("auto", "legacy")


@asynccontextmanager
async def connected(
    extension: ExtensionServer, era: Era, path: str = "/mcp"
) -> AsyncIterator[Client]:
    async with (
        httpx.AsyncClient(headers=HEADERS, timeout=30) as http_client,
        Client(
            streamable_http_client(f"{extension.url}{path}", http_client=http_client), mode=era
        ) as client,
    ):
        yield client


def data(answer: Any) -> dict[str, Any]:
    assert not answer.is_error, answer.content
    content: dict[str, Any] = answer.structured_content
    return content


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
@pytest.mark.parametrize("era", ERAS)
async def test_tools_are_listed_as_generated(
    extension: ExtensionServer, era: Era, path: str
) -> None:
    async with connected(extension, era, path) as client:
        assert (client.protocol_version >= "2026") == (era == "auto")
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("jmcp", VERSION)
        assert client.instructions == API.instructions
        for _ in range(2):  # made the first time, kept the second
            tools = (await client.list_tools()).tools
            served = [tool.model_dump(by_alias=True, exclude_none=True) for tool in tools]
            # A client that shows views gets those with views too: test_views.py.
            assert served == [tool for tool in LISTED if API.tools[tool["name"]].view is None]


@pytest.mark.parametrize("era", ERAS)
async def test_tools_work(extension: ExtensionServer, era: Era) -> None:
    async with connected(extension, era) as client:
        arguments = {"notebook_path": "a.ipynb", "mode": "create"}
        opened = data(await client.call_tool("use_notebook", arguments))
        session = {"session_id": opened["session_id"]}
        code = {"cell_source": "print(6 * 7)", "cell_index": -1}
        answer = await client.call_tool("insert_execute_code_cell", session | code)
        assert data(answer).get("status", "ok") == "ok"
        assert isinstance(answer.content[0], types.TextContent)
        assert "42" in answer.content[0].text


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_may_send_all_that_it_could_give(
    extension: ExtensionServer, era: Era
) -> None:
    """Strict modes of models send every argument, null where there is nothing to say."""
    schemas = {entry["name"]: entry["inputSchema"] for entry in LISTED}

    async def call(client: Client, tool: str, **given: Any) -> dict[str, Any]:
        arguments = dict.fromkeys(schemas[tool]["properties"]) | given
        Draft202012Validator(schemas[tool]).validate(arguments)
        return data(await client.call_tool(tool, arguments))

    async with connected(extension, era) as client:
        opened = await call(client, "use_notebook", notebook_path="a.ipynb", mode="create")
        session: dict[str, Any] = {"session_id": opened["session_id"], "notebook_path": ""}
        code = {"cell_type": "code", "cell_source": "6 * 7"}
        new = await call(client, "insert_cell", **session, **code, cell_index=0, after_cell_id="")
        by_id: dict[str, Any] = session | {"cell_id": new["cell_id"]}
        assert (await call(client, "read_cell", **by_id))["source"] == "6 * 7"
        await call(client, "overwrite_cell_source", **by_id, cell_source="6 * 8", cell_index=0)
        await call(client, "edit_cell_source", **by_id, old_string="8", new_string="7")
        await call(client, "move_cell", **by_id, target_index=1)
        assert (await call(client, "execute_cell", **by_id)).get("status", "ok") == "ok"
        assert (await call(client, "run_cells", **session)).get("status", "ok") == "ok"
        await call(client, "insert_execute_code_cell", **session, cell_source="1", cell_index=-1)
        await call(client, "delete_cell", **session, cell_ids=[new["cell_id"]])
        await call(client, "read_notebook", **session)
        await call(client, "list_notebooks")
        await call(client, "unuse_notebook", **session, kernel="stop")


@pytest.mark.parametrize("era", ERAS)
async def test_an_unknown_tool_is_an_error_of_the_protocol(
    extension: ExtensionServer, era: Era
) -> None:
    async with connected(extension, era) as client:
        with pytest.raises(MCPError) as refusal:
            await client.call_tool("read_notebok", {})
        assert refusal.value.error.code == types.INVALID_PARAMS
        assert "did you mean read_notebook?" in refusal.value.error.message


@pytest.mark.parametrize("era", ERAS)
async def test_an_error_of_a_tool_is_a_result(extension: ExtensionServer, era: Era) -> None:
    async with connected(extension, era) as client:
        answer = await client.call_tool("read_notebook", {"session_id": "nosuchid"})
        assert answer.is_error
        assert answer.meta is not None
        assert answer.meta[ERROR_META]["code"] == "session_not_found"
        assert isinstance(answer.content[0], types.TextContent)


async def test_only_a_handshake_connection_stands_for_its_session(
    extension: ExtensionServer,
) -> None:
    arguments = {"notebook_path": "a.ipynb", "mode": "create"}
    async with connected(extension, "legacy") as client:
        opened = data(await client.call_tool("use_notebook", arguments))
        listed = data(await client.call_tool("unuse_notebook", {}))
        assert listed["session_id"] == opened["session_id"]
    async with connected(extension, "auto") as client:
        data(await client.call_tool("use_notebook", {"notebook_path": "a.ipynb"}))
        answer = await client.call_tool("unuse_notebook", {})
        assert answer.meta is not None
        assert answer.meta[ERROR_META]["code"] == "session_required"


@pytest.mark.parametrize("era", ERAS)
async def test_arguments_may_be_as_large_as_a_notebook(
    extension: ExtensionServer, era: Era
) -> None:
    async with connected(extension, era) as client:
        answer = await client.call_tool("list_files", {"pattern": "x" * 5 * 1024 * 1024})
        assert answer.meta is not None
        assert answer.meta[ERROR_META]["code"] == "invalid_arguments"


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_goes_away_stops_nothing(extension: ExtensionServer, era: Era) -> None:
    code = "open('started', 'w').close()\nimport time; time.sleep(0.5)\nprint('finished')"
    opened = {"notebook_path": "a.ipynb", "mode": "create"}
    async with connected(extension, era) as client:
        session = {"session_id": data(await client.call_tool("use_notebook", opened))["session_id"]}
        cell = {"cell_index": 0, "cell_source": code}
        data(await client.call_tool("overwrite_cell_source", session | cell))
        # The kernel is up, so that the next run begins at once.
        data(await client.call_tool("execute_code", session | {"code": "1"}))
    async with connected(extension, era) as client:
        running = asyncio.ensure_future(
            client.call_tool("execute_cell", session | {"cell_index": 0})
        )
        async with asyncio.timeout(20):
            while not (extension.root / "started").exists():
                await asyncio.to_thread(os.sched_yield)
        running.cancel()
    async with connected(extension, era) as client:
        # Waits in the kernel's queue for the run that nobody waits for.
        data(await client.call_tool("execute_code", session | {"code": "1"}))
        read = data(await client.call_tool("read_cell", session | {"cell_index": 0}))
    assert [output["text"] for output in read["outputs"]] == ["finished\n"]


def test_images_follow_the_text() -> None:
    image = Image(mime_type="image/png", data="aGk=")
    made = result_data(
        Outcome(tool="any", text="text", result={"a": None}, images=(image,)), structured=True
    )
    assert [content["type"] for content in made["content"]] == ["text", "image"]
    assert made["structuredContent"] == {"a": None}
    assert not made["isError"]
