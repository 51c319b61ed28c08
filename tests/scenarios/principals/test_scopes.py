"""What a token allows: every tool with every scope, and what tools need beyond their own."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.compose import API
from jmcp.core.calls.principal import LEVELS, Scope, implied
from jmcp.core.calls.tool import Route, Tool
from tests.scenarios.principals.token_server import TokenClient, TokenServer, path_of
from tests.surfaces.contract.surfaces import TLS

LISTED = [entry["name"] for entry in json.loads(Path(API.listing_file).read_bytes())]


def permitted(scope: Scope) -> list[str]:
    return [name for name in LISTED if API.tools[name].scope in implied([scope])]


def shown(scope: Scope) -> list[str]:
    """What a client without views sees."""
    return [name for name in permitted(scope) if API.tools[name].view is None]


@pytest.mark.parametrize("scope", LEVELS)
@pytest.mark.parametrize("tool", API.tools.values(), ids=lambda tool: tool.name)
async def test_a_tool_asks_for_its_scope_before_anything_else(
    local_server: TokenServer, tool: Tool, scope: Scope
) -> None:
    # Whoever is let in is told what is wrong with such arguments.
    problem = await local_server.token_client(scope, scope).refused(tool.name, no_such_argument=1)
    if tool.name in permitted(scope):
        assert problem["code"] == "invalid_arguments"
        return
    assert (problem["status"], problem["code"]) == (403, "not_permitted")
    assert problem["details"]["needs"] == tool.scope
    assert problem["details"]["scopes"] == sorted(implied([scope]), key=LEVELS.index)
    assert problem["details"]["tools"] == permitted(scope)
    assert f"needs the scope {tool.scope}" in problem["detail"]
    assert all(name in problem["detail"] for name in permitted(scope))


@pytest.mark.parametrize("route", API.routes, ids=lambda route: f"{route.method} {route.path}")
async def test_an_endpoint_asks_for_the_scope_of_its_tool(
    local_server: TokenServer, route: Route
) -> None:
    path = path_of(route, dict.fromkeys(route.path_params, "0"))
    in_body = route.method not in ("GET", "DELETE")
    async with local_server.token_client("read", "read").client() as http:
        answer = await http.request(
            route.method, path.lstrip("/"), json={"no_such_argument": 1} if in_body else None
        )
    assert (answer.status_code == 403) == (route.tool not in permitted("read"))
    if answer.status_code == 403:
        assert answer.json()["code"] == "not_permitted"


@pytest.mark.parametrize("scope", LEVELS)
async def test_a_list_has_what_may_be_called(local_server: TokenServer, scope: Scope) -> None:
    token_client = local_server.token_client(scope, scope)
    async with token_client.client() as http:
        listed = (await http.get("mcp/tools/list")).json()
    assert [entry["name"] for entry in listed["tools"]] == shown(scope)
    for era in ("auto", "legacy"):
        for _ in range(2):  # made the first time, kept the second
            assert await listed_over_mcp(token_client, era) == shown(scope)


async def listed_over_mcp(token_client: TokenClient, era: Any) -> list[str]:
    headers = token_client.served.headers
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, verify=TLS) as http,
        Client(
            streamable_http_client(token_client.served.mcp_url, http_client=http), mode=era
        ) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_reading_needs_no_more_than_read(local_server: TokenServer) -> None:
    reader = local_server.token_client("read", "read")
    local_server.write("seen.ipynb")
    opened = await reader.call("use_notebook", notebook_path="seen.ipynb")
    session = {"session_id": opened["session_id"]}
    cell = await reader.call("read_cell", **session, cell_index=1)
    assert cell["source"] == "x = 1\ny = 2\nx"
    released = await reader.call("unuse_notebook", **session)
    assert released["session_ended"]


@pytest.mark.parametrize(
    ("given", "needs"),
    [
        ({"mode": "create", "notebook_path": "new.ipynb"}, "write"),
        ({"kernel": "private", "notebook_path": "seen.ipynb"}, "execute"),
        ({"kernel_id": "any", "notebook_path": "seen.ipynb"}, "execute"),
    ],
)
async def test_opening_may_need_more(
    local_server: TokenServer, given: dict[str, str], needs: Scope
) -> None:
    local_server.write("seen.ipynb")
    lacking = LEVELS[LEVELS.index(needs) - 1]
    token_client = local_server.token_client(lacking, lacking)
    problem = await token_client.refused("use_notebook", **given)
    assert (problem["code"], problem["details"]["needs"]) == ("not_permitted", needs)
    assert "token create" not in problem["detail"]
    assert not (local_server.served.root / "new.ipynb").exists()
    # And no session is left behind.
    assert (await token_client.call("list_notebooks"))["total"] == 0


async def test_a_kernel_is_stopped_by_who_may_run_code(local_server: TokenServer) -> None:
    local_server.write("run.ipynb")
    runner, reader = (
        local_server.token_client("execute", "execute"),
        local_server.token_client("read", "read"),
    )
    runs = await runner.call("use_notebook", notebook_path="run.ipynb")
    await runner.call("execute_cell", session_id=runs["session_id"], cell_index=0)
    before = await local_server.kernels()
    reads = await reader.call("use_notebook", notebook_path="run.ipynb")
    session = {"session_id": reads["session_id"]}
    problem = await reader.refused("unuse_notebook", **session, kernel="stop")
    assert (problem["code"], problem["details"]["needs"]) == ("not_permitted", "execute")
    released = await reader.call("unuse_notebook", **session)
    assert released["kernel"] == "kept"
    assert await local_server.kernels() == before
    released = await runner.call("unuse_notebook", session_id=runs["session_id"], kernel="stop")
    assert released["kernel"] == "stopped"


async def test_less_than_before_is_less_at_once_and_sessions_stay(server: TokenServer) -> None:
    server.write("kept.ipynb")
    token_client = server.token_client("reduced", "execute")
    opened = await token_client.call("use_notebook", notebook_path="kept.ipynb")
    session = {"session_id": opened["session_id"]}
    await token_client.call("execute_cell", **session, cell_index=0)
    kernels = await server.kernels()
    server.tokens.remove("reduced")
    async with token_client.client() as http:
        answer = await http.get("mcp/tools/list")
    assert answer.status_code == 401
    assert token_client.served.token not in answer.text
    del server.names["reduced"]
    token_client = server.token_client("reduced", "read")
    await token_client.call("read_notebook", **session)
    assert (await token_client.refused("execute_cell", **session))["code"] == "not_permitted"
    # It started that kernel, and may stop it no more.
    assert (await token_client.call("unuse_notebook", **session))["kernel"] == "kept"
    assert await server.kernels() == kernels


async def test_an_expired_token_and_one_in_the_url_open_nothing(server: TokenServer) -> None:
    expired = server.tokens.create("expired", ("admin",), time.time() - 1)
    valid = server.token_client("valid").served.token
    async with httpx2.AsyncClient(base_url=server.served.url, timeout=60, verify=TLS) as http:
        for path in ("mcp/tools/list", "mcp", "jmcp/v1/kernels"):
            given = {"Authorization": f"Bearer {expired}"}
            assert (await http.get(path, headers=given)).status_code == 401
            assert (await http.get(path, params={"token": valid})).status_code == 401
    server.tokens.remove("expired")
