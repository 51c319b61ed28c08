"""Nobody reaches what is another's: every tool and every endpoint, on real servers.

What a new tool or endpoint is called with comes from the spec, so it is covered by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.tool import Route, Tool
from tests.scenarios.principals.token_server import (
    TokenClient,
    TokenServer,
    arguments,
    digest,
    path_of,
)
from tests.surfaces.contract.surfaces import Mcp, Surface
from tests.typed import rows_of

TOOLS = [tool for tool in API.tools.values() if tool.session == "required"]
OF_NO_SESSION = [tool for tool in API.tools.values() if tool.session == "none"]
WITH_EXECUTION = [tool for tool in TOOLS if "execution_id" in tool.params.model_fields]
WITH_SESSION_ID = [tool for tool in OF_NO_SESSION if "session_id" in tool.params.model_fields]
ROUTES = [route for route in API.routes if "session_id" in route.path_params]
OTHERS = ["bob", "the person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alice:
    """Somebody at work: a session with a notebook that has a name, a kernel and two runs."""

    token_client: TokenClient
    session_id: str
    execution_id: str
    batch_id: str
    kernel_id: str
    notebook: str
    name: str = "figures"

    @property
    def values(self) -> dict[str, str]:
        return {
            "execution_id": self.execution_id,
            "kernel_id": self.kernel_id,
            "other_session_id": self.session_id,
        }

    async def state(self, token_server: TokenServer) -> Any:
        """All that others must not change."""
        cells, runs = await asyncio.gather(
            self.token_client.call("read_notebook", session_id=self.session_id),
            self.token_client.call("list_executions", session_id=self.session_id),
        )
        seen = [(cell["cell_id"], cell.get("execution_count")) for cell in rows_of(cells["cells"])]
        return seen, runs["total"], await token_server.kernels(), digest(token_server.served.root)


@pytest.fixture(scope="module")
def alice(server: TokenServer) -> Iterator[Alice]:
    """Alice, who must find everything as she left it, whatever the tests did."""
    found = asyncio.run(_moved_in(server))
    before = asyncio.run(found.state(server))
    yield found
    asyncio.run(_alone(server, before[2]))
    assert asyncio.run(found.state(server)) == before
    asyncio.run(_moved_out(server, found))


async def _alone(token_server: TokenServer, kernels: list[str]) -> None:
    """Wait for the end of kernels that scripts of others had: their calls are over before."""
    async with asyncio.timeout(30):
        while set(await token_server.kernels()) > set(kernels):  # noqa: ASYNC110 # Jupyter tells nobody
            await asyncio.sleep(0.1)


async def _moved_in(token_server: TokenServer) -> Alice:
    token_client = token_server.token_client("alice")
    before = set(await token_server.kernels())
    token_server.write("hers.ipynb")
    opened = await token_client.call(
        "use_notebook", notebook_path="hers.ipynb", notebook_name="figures"
    )
    session = {"session_id": opened["session_id"]}
    run = await token_client.call("execute_cell", **session, cell_index=0)
    batch = await token_client.call("run_cells", **session, wait=60)
    [kernel_id] = set(await token_server.kernels()) - before
    await _saved(token_server, token_client)
    return Alice(
        token_client=token_client,
        session_id=opened["session_id"],
        execution_id=run["execution_id"],
        batch_id=batch["execution_id"],
        kernel_id=kernel_id,
        notebook="hers.ipynb",
    )


async def _moved_out(token_server: TokenServer, alice: Alice) -> None:
    """Nothing is left of her: the tests of this module may go on later on the same server."""
    await alice.token_client.call("unuse_notebook", session_id=alice.session_id, kernel="stop")
    (token_server.served.root / alice.notebook).unlink()


async def _saved(token_server: TokenServer, token_client: TokenClient) -> None:
    """Wait until the file has what the runs wrote."""
    path = token_server.served.root / "hers.ipynb"
    async with asyncio.timeout(60):
        while '"execution_count": 4' not in path.read_text():
            await token_client.call("read_notebook")
            await asyncio.sleep(0.05)  # fewer calls a second than a session may make


def other(token_server: TokenServer, name: str) -> TokenClient:
    return token_server.operator if name == "the person" else token_server.token_client(name)


def told_nothing(text: str, alice: Alice) -> None:
    for secret in (alice.session_id, alice.execution_id, alice.batch_id, alice.name):
        assert secret not in text


def body_of(tool: Tool, alice: Alice, **more: str) -> dict[str, Any]:
    return arguments(tool, **alice.values) | more


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_a_foreign_session_is_unknown_to_each_tool(
    server: TokenServer, alice: Alice, tool: Tool, name: str
) -> None:
    token_client = other(server, name)
    given = body_of(tool, alice, session_id=alice.session_id)
    for more in ({}, {"notebook_path": alice.notebook}):
        answer = await token_client.post(tool.name, **given, **more)
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
        told_nothing(answer.text, alice)


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_a_foreign_session_is_unknown_over_mcp(
    server: TokenServer, alice: Alice, tool: Tool, era: Any
) -> None:
    surface: Surface = Mcp(server.token_client("bob").served, era)
    answer = await surface.call(tool.name, body_of(tool, alice, session_id=alice.session_id))
    assert answer.error == "session_not_found"
    told_nothing(answer.text, alice)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_foreign_session_is_unknown_to_each_endpoint(
    server: TokenServer, alice: Alice, route: Route, name: str
) -> None:
    tool = API.tools[route.tool]
    given = body_of(tool, alice)
    # In the path is what the example may have in another form.
    group = next((names for names in tool.either if {*names} & {*route.path_params}), ())
    given = {key: value for key, value in given.items() if key not in group}
    ids = {"session_id": alice.session_id, "cell_id": "aaaa0001", "cell_index": "0"} | alice.values
    path = path_of(route, {**given, **ids})
    given = {key: value for key, value in given.items() if key not in route.path_params}
    in_body = route.method not in ("GET", "DELETE")
    accepts = ["application/json"] + (["text/event-stream"] if route.stream is not None else [])
    async with other(server, name).client() as http:
        for accept in accepts:
            answer = await http.request(
                route.method,
                path.lstrip("/"),
                params=None if in_body else given,
                json=given if in_body else None,
                headers={"Accept": accept},
            )
            assert "session_not_found" in answer.text
            told_nothing(answer.text, alice)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_the_names_of_foreign_notebooks_find_nothing(
    server: TokenServer, alice: Alice, tool: Tool
) -> None:
    nobody = server.token_client("nobody")
    for name in (alice.notebook, alice.name):
        answer = await nobody.refused(tool.name, **body_of(tool, alice, notebook_path=name))
        assert answer["code"] == "session_required"
        assert answer["details"]["sessions"] == []


@pytest.fixture
async def bobs(server: TokenServer) -> AsyncIterator[dict[str, str]]:
    """A session of bob's own, on a notebook of his own."""
    server.write("his.ipynb")
    bob = server.token_client("bob")
    opened = await bob.call("use_notebook", notebook_path="his.ipynb")
    yield {"session_id": opened["session_id"]}
    await bob.call("unuse_notebook", session_id=opened["session_id"])
    (server.served.root / "his.ipynb").unlink()


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
async def test_ones_own_session_does_not_lead_to_foreign_notebooks(
    server: TokenServer, alice: Alice, bobs: dict[str, str], tool: Tool
) -> None:
    for name in (alice.notebook, alice.name):
        given = body_of(tool, alice, notebook_path=name, **bobs)
        answer = await server.token_client("bob").refused(tool.name, **given)
        assert answer["code"] in ("notebook_not_open", "execution_not_found")
        assert alice.session_id not in str(answer)


@pytest.mark.parametrize("tool", WITH_EXECUTION, ids=lambda tool: tool.name)
async def test_ones_own_session_does_not_lead_to_foreign_runs(
    server: TokenServer, alice: Alice, bobs: dict[str, str], tool: Tool
) -> None:
    for execution_id in (alice.execution_id, alice.batch_id):
        given = body_of(tool, alice, **bobs) | {"execution_id": execution_id}
        answer = await server.token_client("bob").refused(tool.name, **given)
        assert answer["code"] == "execution_not_found"


async def test_nor_to_a_foreign_kernel(
    server: TokenServer, alice: Alice, bobs: dict[str, str]
) -> None:
    given = {"notebook_path": "his.ipynb", "kernel_id": alice.kernel_id}
    for session in (bobs, {}):
        answer = await server.token_client("bob").refused("use_notebook", **given, **session)
        assert answer["code"] == "kernel_taken"


@pytest.mark.parametrize("tool", WITH_SESSION_ID, ids=lambda tool: tool.name)
async def test_what_needs_no_session_does_not_take_a_foreign_one(
    server: TokenServer, alice: Alice, tool: Tool
) -> None:
    given = body_of(tool, alice) | {"session_id": alice.session_id}
    answer = await server.token_client("bob").post(tool.name, **given)
    assert answer.json()["code"] == "session_not_found"
    told_nothing(answer.text, alice)


@pytest.mark.parametrize("tool", OF_NO_SESSION, ids=lambda tool: tool.name)
@pytest.mark.parametrize("scope", ["session", "open", "workspace"])
async def test_lists_tell_nothing_of_foreign_sessions(
    server: TokenServer, alice: Alice, tool: Tool, scope: str
) -> None:
    given = {"scope": scope} if "scope" in tool.params.model_fields else {}
    answer = await server.token_client("bob").post(tool.name, **body_of(tool, alice), **given)
    if answer.status_code != 200:  # what its example is about is not there
        code = answer.json()["code"]
        assert code == "no_lab_page" or code.endswith("_not_found"), answer.text
    told_nothing(answer.text, alice)


async def test_a_foreign_id_names_ones_own_session(server: TokenServer, alice: Alice) -> None:
    bob, same = server.token_client("bob"), {"session_id": alice.session_id}
    opened = await bob.call("use_notebook", notebook_path=alice.notebook, **same)
    assert opened["action"] == "opened"
    mine = await bob.call("list_notebooks", **same)
    assert [row["notebook_name"] for row in mine["notebooks"]] == ["hers"]
    assert (await bob.call("list_executions", **same))["total"] == 0
    refused = await bob.refused("get_execution", execution_id=alice.execution_id, **same)
    assert refused["code"] == "execution_not_found"
    await bob.call("unuse_notebook", **same)


async def test_a_connection_is_its_owners(server: TokenServer, alice: Alice) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    async with alice.token_client.client() as http:
        answer = await http.post("mcp", json=hello, headers=accept)
        hers = accept | {"Mcp-Session-Id": answer.headers["mcp-session-id"]}
        for name in OTHERS:
            async with other(server, name).client() as foreign:
                for request in (
                    foreign.post("mcp", json=listing, headers=hers),
                    foreign.get("mcp", headers=hers),
                    foreign.delete("mcp", headers=hers),
                ):
                    assert (await request).status_code == 404
        initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await http.post("mcp", json=initialized, headers=hers)).status_code == 202
        assert (await http.post("mcp", json=listing, headers=hers)).status_code == 200
        assert (await http.delete("mcp", headers=hers)).status_code == 200
