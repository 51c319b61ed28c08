"""What a token allows: every tool with every scope, and what tools need beyond their own."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.compose import API
from jmcp.core.calls.principal import LEVELS, Scope, implied
from jmcp.core.calls.tool import Route, Tool
from tests.scenarios.principals.house import Guest, House
from tests.surfaces.contract.surfaces import TLS

LISTED = [entry["name"] for entry in json.loads(Path(API.listing_file).read_bytes())]


def permitted(scope: Scope) -> list[str]:
    return [name for name in LISTED if API.tools[name].scope in implied([scope])]


@pytest.mark.parametrize("scope", LEVELS)
@pytest.mark.parametrize("tool", API.tools.values(), ids=lambda tool: tool.name)
async def test_a_tool_asks_for_its_scope_before_anything_else(
    inside: House, tool: Tool, scope: Scope
) -> None:
    # Whoever is let in is told what is wrong with such arguments.
    problem = await inside.guest(scope, scope).refused(tool.name, no_such_argument=1)
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
async def test_an_endpoint_asks_for_the_scope_of_its_tool(inside: House, route: Route) -> None:
    path = route.path.format(**{name: quote("0") for name in route.path_params})
    in_body = route.method not in ("GET", "DELETE")
    async with inside.guest("read", "read").client() as http:
        answer = await http.request(
            route.method, path.lstrip("/"), json={"no_such_argument": 1} if in_body else None
        )
    assert (answer.status_code == 403) == (route.tool not in permitted("read"))
    if answer.status_code == 403:
        assert answer.json()["code"] == "not_permitted"


@pytest.mark.parametrize("scope", LEVELS)
async def test_a_list_has_what_may_be_called(inside: House, scope: Scope) -> None:
    guest = inside.guest(scope, scope)
    async with guest.client() as http:
        listed = (await http.get("mcp/tools/list")).json()
    assert [entry["name"] for entry in listed["tools"]] == permitted(scope)
    for era in ("auto", "legacy"):
        for _ in range(2):  # made the first time, kept the second
            assert await listed_over_mcp(guest, era) == permitted(scope)


async def listed_over_mcp(guest: Guest, era: Any) -> list[str]:
    headers = guest.served.headers
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, verify=TLS) as http,
        Client(streamable_http_client(guest.served.mcp_url, http_client=http), mode=era) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_reading_needs_no_more_than_read(inside: House) -> None:
    reader = inside.guest("read", "read")
    inside.write("seen.ipynb")
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
async def test_opening_may_need_more(inside: House, given: dict[str, str], needs: Scope) -> None:
    inside.write("seen.ipynb")
    lacking = LEVELS[LEVELS.index(needs) - 1]
    guest = inside.guest(lacking, lacking)
    problem = await guest.refused("use_notebook", **given)
    assert (problem["code"], problem["details"]["needs"]) == ("not_permitted", needs)
    assert "token create" not in problem["detail"]
    assert not (inside.served.root / "new.ipynb").exists()
    # And no session is left behind.
    assert (await guest.call("list_notebooks"))["total"] == 0


async def test_a_kernel_is_stopped_by_who_may_run_code(inside: House) -> None:
    inside.write("run.ipynb")
    runner, reader = inside.guest("execute", "execute"), inside.guest("read", "read")
    runs = await runner.call("use_notebook", notebook_path="run.ipynb")
    await runner.call("execute_cell", session_id=runs["session_id"], cell_index=0)
    before = await inside.kernels()
    reads = await reader.call("use_notebook", notebook_path="run.ipynb")
    session = {"session_id": reads["session_id"]}
    problem = await reader.refused("unuse_notebook", **session, kernel="stop")
    assert (problem["code"], problem["details"]["needs"]) == ("not_permitted", "execute")
    released = await reader.call("unuse_notebook", **session)
    assert released["kernel"] == "kept"
    assert await inside.kernels() == before
    released = await runner.call("unuse_notebook", session_id=runs["session_id"], kernel="stop")
    assert released["kernel"] == "stopped"


async def test_less_than_before_is_less_at_once_and_sessions_stay(shared: House) -> None:
    shared.write("kept.ipynb")
    guest = shared.guest("reduced", "execute")
    opened = await guest.call("use_notebook", notebook_path="kept.ipynb")
    session = {"session_id": opened["session_id"]}
    await guest.call("execute_cell", **session, cell_index=0)
    kernels = await shared.kernels()
    shared.tokens.remove("reduced")
    async with guest.client() as http:
        answer = await http.get("mcp/tools/list")
    assert answer.status_code == 401
    assert guest.served.token not in answer.text
    del shared.names["reduced"]
    guest = shared.guest("reduced", "read")
    await guest.call("read_notebook", **session)
    assert (await guest.refused("execute_cell", **session))["code"] == "not_permitted"
    # It started that kernel, and may stop it no more.
    assert (await guest.call("unuse_notebook", **session))["kernel"] == "kept"
    assert await shared.kernels() == kernels


async def test_an_expired_token_and_one_in_the_url_open_nothing(shared: House) -> None:
    expired = shared.tokens.create("expired", ("admin",), time.time() - 1)
    valid = shared.guest("valid").served.token
    async with httpx2.AsyncClient(base_url=shared.served.url, timeout=60, verify=TLS) as http:
        for path in ("mcp/tools/list", "mcp", "jmcp/v1/kernels"):
            given = {"Authorization": f"Bearer {expired}"}
            assert (await http.get(path, headers=given)).status_code == 401
            assert (await http.get(path, params={"token": valid})).status_code == 401
    shared.tokens.remove("expired")
