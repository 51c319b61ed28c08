"""What Prometheus sees, and who else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from jmcp.compose import API
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.calls.principal import Principal
from jmcp.core.errors import StateUnavailable
from jmcp.core.stores.memory import MemoryStore
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from tests.served import Served, jupyter_server, serve, standalone
from tests.surfaces.contract.surfaces import ToolsCall
from tests.thorough import fast_only

SECONDS = 60
Name = tuple[str, tuple[tuple[str, str], ...]]
Samples = dict[Name, float]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("local")
    with serve(base / "home", base / "root") as served:
        yield served


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("remote")
    with (
        jupyter_server(base / "jupyter", base / "root") as jupyter,
        standalone(base / "home", jupyter) as served,
    ):
        yield served


@pytest.fixture(params=fast_only(["local", "remote"], "remote"))
def server(request: pytest.FixtureRequest) -> Served:
    served: Served = request.getfixturevalue(request.param)
    return served


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(server: Served, path: str = "jmcp/metrics") -> tuple[Samples, str]:
    async with httpx2.AsyncClient(headers=server.headers, timeout=SECONDS) as http:
        response = await http.get(f"{server.url}{path}")
    assert response.status_code == 200, response.text
    return samples(response.text), response.text


async def until(server: Served, name: Name, value: float) -> tuple[Samples, str]:
    """What is scraped once that sample has that value."""
    deadline = time.monotonic() + SECONDS
    found, text = await scraped(server)
    while found[name] != value:
        assert time.monotonic() < deadline, text
        await asyncio.sleep(0.1)
        found, text = await scraped(server)
    return found, text


def calls(found: Samples, tool: str, outcome: str) -> float:
    return found.get(("jmcp_calls_total", (("outcome", outcome), ("tool", tool))), 0.0)


async def test_calls_runs_and_sessions_are_counted(server: Served) -> None:
    before, _ = await scraped(server)
    tools = ToolsCall(server)
    opened = await tools.call("use_notebook", {"notebook_path": "a.ipynb", "mode": "create"})
    assert opened.result is not None
    session = {"session_id": opened.result["session_id"]}
    run = {**session, "cell_index": -1, "cell_source": "import time; time.sleep(3600)"}
    begun = await tools.call("insert_execute_code_cell", {**run, "wait": 0})
    assert begun.result is not None
    queued = await tools.call("insert_execute_code_cell", {**run, "wait": 0})
    assert queued.result is not None
    missing = await tools.call("read_cell", {**session, "cell_index": 99})
    assert missing.error == "cell_not_found"
    now, text = await until(server, ("jmcp_runs_running", ()), 1)
    assert calls(now, "use_notebook", "ok") == calls(before, "use_notebook", "ok") + 1
    assert calls(now, "insert_execute_code_cell", "ok") == 2
    assert calls(now, "read_cell", "cell_not_found") == 1
    assert now[("jmcp_call_seconds_count", (("tool", "read_cell"),))] == 1
    assert now[("jmcp_session_events_total", (("event", "opened"),))] == 1
    assert now[("jmcp_runs_queued", ())] == 1
    assert now[("jmcp_kernels_connected", ())] == 1
    assert now[("jmcp_documents_open", ())] == 1
    assert now[("jmcp_calls_in_progress", ())] == 0
    assert now[("jmcp_ready", ())] == 1
    assert now[("jmcp_http_errors_total", (("status", "404"),))] >= 1
    assert now[("process_resident_memory_bytes", ())] > 2**20
    assert ("jmcp_journal_entries_pending", ()) in now
    # Nothing of what people do: no path, no session, no owner, no token.
    for word in ("a.ipynb", opened.result["session_id"], "holder", 'jupyter"', server.token):
        assert word not in text
    for _ in range(2):
        await tools.call("interrupt_kernel", session)


async def test_sessions_are_counted_a_moment_later(server: Served) -> None:
    tools = ToolsCall(server)
    found, _ = await scraped(server)
    # Not the number of sessions, which may still lack the last one. None of them has ended.
    now = found.get(("jmcp_session_events_total", (("event", "opened"),)), 0.0)
    opened = await tools.call("use_notebook", {"notebook_path": "c.ipynb", "mode": "create"})
    assert opened.result is not None
    await until(server, ("jmcp_sessions_active", ()), now + 1)
    async with httpx2.AsyncClient(headers=server.headers, timeout=SECONDS) as http:
        assert (await http.get(f"{server.url}mcp/healthz")).json()["sessions"] == now + 1


async def test_metrics_are_for_those_who_have_a_token(server: Served) -> None:
    async with httpx2.AsyncClient(timeout=SECONDS) as http:
        assert (await http.get(f"{server.url}jmcp/metrics")).status_code == 401


async def test_a_server_of_its_own_has_them_where_everybody_looks(remote: Served) -> None:
    found, _ = await scraped(remote, "metrics")
    assert ("jmcp_ready", ()) in found
    async with httpx2.AsyncClient(timeout=SECONDS) as http:
        assert (await http.get(f"{remote.url}metrics")).status_code == 401
        # Anyone may see that it lives; when somebody is at work is for those with a token.
        anyone = (await http.get(f"{remote.url}api/healthz")).json()
        known = (await http.get(f"{remote.url}api/healthz", headers=remote.headers)).json()
    assert "sessions" not in anyone
    assert anyone["status"] == "healthy"
    assert isinstance(known["sessions"], int)


async def test_openmetrics_for_who_asks_for_it(server: Served) -> None:
    headers = {**server.headers, "Accept": "application/openmetrics-text; version=1.0.0"}
    async with httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http:
        response = await http.get(f"{server.url}jmcp/metrics")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(response.text)  # type: ignore[no-untyped-call]
    names = {found.name for found in families}
    assert {"jmcp_calls", "jmcp_call_seconds", "jmcp_ready"} <= names


# -- without a Jupyter ---------------------------------------------------------------------------


class Counting(MemoryStore):
    """Says how often it was asked."""

    asked = 0

    async def count(self, since: float) -> int:
        self.asked += 1
        return await super().count(since)


def dispatcher(store: MemoryStore | None = None) -> Dispatcher:
    nothing: Any = SimpleNamespace(opened=0, connected=0, stay=True)
    return Dispatcher(
        api=API,
        handlers=SimpleNamespace(),
        documents=nothing,
        kernels=nothing,
        store=store,
    )


@asynccontextmanager
async def client(of: Dispatcher, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    made = site(of, version="1.2.3", host_origin=HostOriginPolicy(), **options)
    transport = httpx2.ASGITransport(app=made)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


async def test_a_token_without_the_scope_read_reads_none() -> None:
    def named(token: str) -> Principal | None:
        return Principal(name="ci", scopes=frozenset()) if token == "of-ci" else None

    async with client(dispatcher(), token="other", named=named) as http:
        refused = await http.get("/jmcp/metrics", headers={"Authorization": "Bearer of-ci"})
        assert refused.status_code == 403
        assert refused.json()["code"] == "not_permitted"
        granted = await http.get("/jmcp/metrics", headers={"Authorization": "Bearer other"})
        assert granted.status_code == 200


async def test_two_servers_of_a_process_count_for_themselves() -> None:
    one, other = dispatcher(), dispatcher()
    async with client(one) as first, client(other) as second:
        await first.post("/mcp/tools/call", json={"tool_name": "read_cell", "arguments": {"x": 1}})
        found = samples((await first.get("/jmcp/metrics")).text)
        assert calls(found, "read_cell", "invalid_arguments") == 1
        assert found[("jmcp_http_errors_total", (("status", "400"),))] == 1
        found = samples((await second.get("/jmcp/metrics")).text)
        assert not [name for name, _ in found if name.startswith("jmcp_calls_total")]


async def test_probes_do_not_load_the_store() -> None:
    store = Counting()
    async with client(dispatcher(store)) as http:
        for _ in range(20):
            assert (await http.get("/mcp/healthz")).json()["sessions"] == 0
            assert (await http.get("/jmcp/metrics")).status_code == 200
    assert store.asked == 1


async def test_a_store_that_does_not_answer_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(self: MemoryStore, since: float) -> int:
        raise StateUnavailable("The disk is full.")

    monkeypatch.setattr(MemoryStore, "count", fails)
    async with client(dispatcher()) as http:
        assert (await http.get("/mcp/healthz")).json()["sessions"] is None
        found = samples((await http.get("/jmcp/metrics")).text)
    assert ("jmcp_sessions_active", ()) not in found
    assert found[("jmcp_ready", ())] == 1
