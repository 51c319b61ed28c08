"""What a server allows nobody: it is not listed, it is refused, and nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from jmcp import compose
from jmcp.compose import API
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ServeError
from jmcp.options.settings import Settings
from tests.scenarios.principals.conftest import Servers
from tests.scenarios.principals.token_server import (
    Mode,
    TokenServer,
    arguments,
    digest,
    token_server,
)
from tests.served import Served
from tests.stdio import client, parameters
from tests.thorough import fast_only

MODES: tuple[Mode, ...] = ("local", "remote")
LISTED = {name: tool for name, tool in API.tools.items() if tool.view is None}
"""What clients without views see, in the order of the spec, which is that of the list."""
READING = [name for name, tool in LISTED.items() if tool.scope == "read"]


@pytest.fixture(scope="module", params=fast_only(MODES, "local"))
def read_only(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TokenServer]:
    base = tmp_path_factory.mktemp("read-only")
    there = servers("remote").served.jupyter if request.param == "remote" else None
    with token_server(base, request.param, "--read-only", jupyter=there) as made:
        yield made


@pytest.fixture(scope="module")
def opened(read_only: TokenServer) -> Iterator[dict[str, str]]:
    """The person's session on a notebook, which must stay as it is."""
    read_only.write("example.ipynb")
    before = digest(read_only.served.root), asyncio.run(read_only.kernels())
    operator = read_only.operator
    session = asyncio.run(operator.call("use_notebook", notebook_path="example.ipynb"))
    yield {"session_id": session["session_id"]}
    after = digest(read_only.served.root), asyncio.run(read_only.kernels())
    assert after == before


@pytest.mark.parametrize("tool", API.tools.values(), ids=lambda tool: tool.name)
async def test_on_a_read_only_server_no_tool_changes_anything(
    read_only: TokenServer, opened: dict[str, str], tool: Tool
) -> None:
    given: dict[str, Any] = arguments(
        tool, execution_id="none", kernel_id="none", other_session_id="none"
    )
    given |= opened if tool.session == "required" else {}
    if tool.name == "unuse_notebook":  # of a session that no other test needs
        another = await read_only.operator.call("use_notebook", notebook_path="example.ipynb")
        given["session_id"] = another["session_id"]
    for scopes in (read_only.operator, read_only.token_client("admin", "admin")):
        if scopes is not read_only.operator and tool.session == "required":
            continue
        answer = await scopes.post(tool.name, **given)
        if tool.scope == "read":
            nobody = answer.json().get("code") == "no_lab_page"
            assert answer.status_code in (200, 404) or nobody, answer.text
        else:
            assert answer.json()["code"] == "not_permitted"
            assert "read-only" in answer.json()["detail"]


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "create", "notebook_path": "new.ipynb"},
        {"kernel": "private"},
        {"kernel_id": "any"},
        {"kernel_name": "python3", "kernel": "private"},
    ],
    ids=str,
)
async def test_nor_does_opening_a_notebook(
    read_only: TokenServer, opened: dict[str, str], given: dict[str, str]
) -> None:
    path = {"notebook_path": "example.ipynb"}
    for session in ({}, opened):
        problem = await read_only.operator.refused("use_notebook", **(path | given), **session)
        assert problem["code"] == "not_permitted"
        assert "read-only" in problem["detail"]
    problem = await read_only.operator.refused("unuse_notebook", kernel="stop", **opened)
    assert problem["code"] == "not_permitted"


async def test_a_read_only_server_lists_what_reads(read_only: TokenServer) -> None:
    async with read_only.operator.client() as http:
        listed = (await http.get("mcp/tools/list")).json()
    assert [entry["name"] for entry in listed["tools"]] == READING


@pytest.fixture(scope="session")
def plain(servers: Servers) -> Served:
    """A Jupyter Server without jmcp in it."""
    jupyter = servers("remote").served.jupyter
    assert jupyter is not None
    return jupyter


async def names(connected: Client) -> list[str]:
    return [tool.name for tool in (await connected.list_tools()).tools]


async def test_denied_tools_are_neither_listed_nor_run(plain: Served) -> None:
    denied = "execute_code,restart_notebook"
    server: StdioServerParameters = parameters(
        plain.root.parent / "jmcp", plain, "--deny-tools", denied
    )
    async with client(server) as connected:
        assert await names(connected) == [one for one in LISTED if one not in denied.split(",")]
        answer = await connected.call_tool("execute_code", {"code": "1"})
        assert answer.is_error
        assert answer.meta is not None
        problem = answer.meta["jmcp/error"]
        assert problem["code"] == "not_permitted"
        assert "does not allow execute_code" in problem["message"]
        assert "execute_cell" in problem["details"]["tools"]
        text = answer.content[0]
        assert isinstance(text, TextContent)
        assert "use_notebook" in text.text


async def test_allowed_tools_are_all_there_are(plain: Served) -> None:
    server = parameters(
        plain.root.parent / "jmcp", plain, "--allow-tools", "use_notebook,read_cell"
    )
    async with client(server) as connected:
        assert await names(connected) == ["use_notebook", "read_cell"]
        answer = await connected.call_tool("list_files", {})
        assert answer.is_error


def test_what_is_denied_is_not_allowed_whatever_else_is() -> None:
    made = Permissions(API, allow=["read_cell", "list_files"], deny=["list_files"])
    assert made.tools(frozenset(("read",))) == ["read_cell"]


@pytest.mark.parametrize(
    "settings",
    [Settings(allow_tools=("nope", "read_cell")), Settings(deny_tools=("read_cell", "nope"))],
)
def test_a_tool_that_there_is_not_is_an_error_at_start(settings: Settings) -> None:
    with pytest.raises(ServeError, match=r"no tool nope; there are: use_notebook, "):
        compose.permissions(settings)
