"""What clients learn of the server and its tools before they call one."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.transport.mcp.tool_list import ToolList
from jmcp_api.mcp import TOOLSETS
from tests.surfaces.conftest import Client, RecordingDispatcher

MODEL_BYTES = 18_000
"""What a model sees of all tools of core, about 4,500 tokens."""
LOADED_BYTES = 8_000
"""What it sees of those that are always loaded."""
LOADED = [
    *("use_notebook", "read_notebook", "read_cell", "edit_cell_source", "execute_cell"),
    *("insert_execute_code_cell", "run_cells", "get_execution"),
]
LISTED: list[dict[str, Any]] = json.loads(Path(API.listing_file).read_bytes())
SHOWN = [entry for entry in LISTED if API.tools[entry["name"]].view is None]
"""To clients that do not say that they show views."""
MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def seen_bytes(entries: list[dict[str, Any]]) -> int:
    """Of name, description and input schema as compact JSON, which is what models get."""
    seen = [
        {key: entry[key] for key in ("name", "description", "inputSchema")} for entry in entries
    ]
    return len(json.dumps(seen, separators=(",", ":"), ensure_ascii=False).encode())


def is_loaded(entry: dict[str, Any]) -> bool:
    return bool(entry.get("_meta", {}).get("anthropic/alwaysLoad"))


def test_a_model_sees_little_of_the_tools() -> None:
    core = [entry for entry in LISTED if API.tools[entry["name"]].toolset == "core"]
    assert seen_bytes(core) <= MODEL_BYTES
    assert seen_bytes([entry for entry in LISTED if is_loaded(entry)]) <= LOADED_BYTES


def test_the_tools_of_everyday_work_stay_loaded() -> None:
    assert [entry["name"] for entry in LISTED if is_loaded(entry)] == LOADED


async def modern(client: Client, method: str) -> dict[str, Any]:
    sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META}}
    headers = ACCEPT | {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    answer = await client.post("/mcp", json=sent, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = _data(answer.text)["result"]
    return result


def _data(body: str) -> Any:
    """A message as JSON, or as the one event of a stream."""
    lines = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    return json.loads(lines[-1] if lines else body)


async def test_a_list_of_tools_may_be_kept_for_a_while(site_client: Client) -> None:
    for _ in range(2):  # made the first time, kept the second
        result = await modern(site_client, "tools/list")
        assert (result["ttlMs"], result["cacheScope"]) == (3_600_000, "private")
        assert [tool.get("_meta") for tool in result["tools"]] == [
            tool.get("_meta") for tool in SHOWN
        ]


@pytest.mark.parametrize("era", [MODERN, HANDSHAKE])
async def test_the_server_has_a_title_a_website_and_an_icon(site_client: Client, era: str) -> None:
    if era == MODERN:
        result = await modern(site_client, "server/discover")
        about = result.get("serverInfo") or result["_meta"]["io.modelcontextprotocol/serverInfo"]
    else:
        client = {"name": "test", "version": "1"}
        params = {"protocolVersion": era, "capabilities": {}, "clientInfo": client}
        sent = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        answer = await site_client.post("/mcp", json=sent, headers=ACCEPT)
        about = _data(answer.text)["result"]["serverInfo"]
    assert (about["name"], about["version"]) == ("jmcp", "1.2.3")
    assert about["title"] == API.title
    assert about["websiteUrl"] == API.website
    (icon,) = about["icons"]
    kind, _, data = icon["src"].partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert base64.b64decode(data).startswith(b"<svg ")


async def test_results_do_not_carry_the_icon(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    name = "list_kernels"
    params = {"name": name, "arguments": {}, "_meta": META}
    sent = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = ACCEPT | {
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
    }
    answer = await site_client.post("/mcp", json=sent, headers=headers)
    assert "svg" not in answer.text
    assert recording.calls


async def test_an_unknown_tool_is_answered_with_the_nearest_one(site_client: Client) -> None:
    sent = {"tool_name": "execute_cel", "arguments": {}}
    answer = await site_client.post("/mcp/tools/call", json=sent)
    assert answer.status_code == 404
    assert "did you mean execute_cell?" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (("core",), {"core"}),
        (("extra", "core"), {"core", "extra"}),
        (("all",), set(TOOLSETS)),
        (("core", "all"), set(TOOLSETS)),
    ],
)
def test_the_tools_of_the_wanted_toolsets_are_shown(
    wanted: tuple[str, ...], shown: set[str]
) -> None:
    entries = ToolList(API, wanted).entries()
    assert [entry["name"] for entry in entries] == [
        entry["name"] for entry in SHOWN if API.tools[entry["name"]].toolset in shown
    ]


def test_an_unknown_toolset_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"no toolset nope; there are: .*\bcore, .*, all$"):
        ToolList(API, ("core", "nope"))
