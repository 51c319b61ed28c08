"""How long sessions live, and what becomes of their kernels, with a clock that the test turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.core.errors import StateUnavailable
from jmcp.core.observe.events import CallEvent, SessionEvent
from jmcp.core.sessions.expiry import Lifetimes
from jmcp.core.sessions.records import SessionRecord, Store
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.redis import RedisStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.calls import ALICE, BOB
from tests.clock import Clock
from tests.ports.stores.conftest import record
from tests.scenarios.sessions.conftest import FakeSessionServer, SessionServer

HOUR = 3600.0
SECONDS = 60


class Heard:
    """What observers were told of sessions."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self._more = asyncio.Event()

    def on_call(self, call: CallEvent) -> None:
        pass

    def on_session_event(self, event: SessionEvent) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, whats: list[str]) -> None:
        async with asyncio.timeout(SECONDS):
            while self.whats != whats:
                await self._more.wait()
                self._more.clear()

    @property
    def whats(self) -> list[str]:
        return [event.what for event in self.events]


async def kernels(server: SessionServer) -> set[str]:
    return {kernel.kernel_id for kernel in await server.dispatcher.kernels.list()}


async def ran(
    server: SessionServer, session_id: str, caller: Caller = ALICE, code: str = "1"
) -> str:
    """The kernel that the session's code ran in."""
    await server.call("execute_code", caller, session_id=session_id, code=code)
    stored = await server.dispatcher.sessions.get(caller.owner, session_id)
    assert stored is not None
    (held,) = stored.notebooks.values()
    assert held.kernel_id is not None
    return held.kernel_id


async def sweep(server: SessionServer) -> list[str]:
    return [one.session_id for one in await server.dispatcher.sessions.sweep()]


# -- kernels ---------------------------------------------------------------------------------------


async def test_the_kernel_that_an_expired_session_started_is_stopped(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    kernel_id = await ran(server, session_id)
    server.clock.now += 24 * HOUR
    assert await sweep(server) == []
    assert await kernels(server) == {kernel_id}
    server.clock.now += 1
    assert await sweep(server) == [session_id]
    assert await kernels(server) == set()
    assert await sweep(server) == []


async def test_also_when_its_own_caller_is_first_to_notice(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    await ran(server, session_id)
    server.clock.now += 24 * HOUR + 1
    error = await server.fail("read_notebook", session_id=session_id)
    assert error["code"] == "session_not_found"
    assert await kernels(server) == set()
    again = await server.call("use_notebook", notebook_path="a.ipynb", session_id=session_id)
    assert (again["session_id"], again["kernel"]) == (session_id, None)


async def test_a_kernel_that_another_session_uses_stays_until_that_expires(
    server: SessionServer,
) -> None:
    mine = await server.open("a.ipynb")
    kernel_id = await ran(server, mine)
    server.clock.now += HOUR
    theirs = await server.open("a.ipynb", BOB)
    assert await ran(server, theirs, BOB) == kernel_id
    server.clock.now += 23 * HOUR + 1
    assert await sweep(server) == [mine]
    assert await kernels(server) == {kernel_id}
    assert await ran(server, theirs, BOB, "x = 1") == kernel_id


async def test_a_kernel_that_a_person_is_connected_to_stays(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    kernel_id = await ran(server, session_id)
    server.another_client(kernel_id)
    server.clock.now += 24 * HOUR + 1
    assert await sweep(server) == [session_id]
    assert await kernels(server) == {kernel_id}


async def test_a_kernel_that_the_session_only_found_stays(server: SessionServer) -> None:
    starter = await server.open("a.ipynb")
    kernel_id = await ran(server, starter)
    found = await server.open("a.ipynb", BOB)
    await ran(server, found, BOB)
    await server.call("unuse_notebook", session_id=starter, kernel="keep")
    server.clock.now += 24 * HOUR + 1
    assert await sweep(server) == [found]
    assert await kernels(server) == {kernel_id}


async def test_a_private_kernel_goes_with_its_session_whoever_has_the_notebook(
    server: SessionServer,
) -> None:
    shared = await server.open("a.ipynb", BOB)
    kept = await ran(server, shared, BOB)
    private = await server.open("a.ipynb", kernel="private")
    gone = await ran(server, private)
    assert await kernels(server) == {kept, gone}
    server.clock.now += 24 * HOUR
    await server.call("read_notebook", BOB, session_id=shared)
    server.clock.now += 1
    assert await sweep(server) == [private]
    assert await kernels(server) == {kept}


async def test_a_running_cell_keeps_its_session_alive(server: SessionServer) -> None:
    session_id = await server.open("a.ipynb")
    run = await server.call("execute_code", session_id=session_id, code=server.until_go, wait=0.1)
    assert run["status"] == "running"
    for _ in range(3):
        server.clock.now += 25 * HOUR
        assert await sweep(server) == []
        await server.call("list_notebooks")
    server.go()
    ended = await server.call(
        "get_execution", session_id=session_id, execution_id=run["execution_id"], wait=SECONDS
    )
    assert ended["status"] == "ok"
    server.clock.now += 24 * HOUR + 1
    assert await sweep(server) == [session_id]


# -- what is told ----------------------------------------------------------------------------------


@pytest.fixture
async def heard() -> AsyncIterator[tuple[SessionServer, Heard]]:
    heard = Heard()
    api = replace(API, policy=replace(API.policy, idle_hours=2))
    server = FakeSessionServer(api=api, observers=[heard])
    server.write("a.ipynb", "b.ipynb")
    async with server.running():
        yield server, heard


async def test_witnesses_hear_what_happens_to_sessions(heard: tuple[SessionServer, Heard]) -> None:
    server, told = heard
    await server.fail("use_notebook", notebook_path="missing.ipynb")
    assert told.whats == []
    session_id = await server.open("a.ipynb")
    await server.call("read_notebook", session_id=session_id)
    assert told.whats == ["opened"]
    await server.call("use_notebook", session_id=session_id, notebook_path="b.ipynb")
    await server.call("use_notebook", session_id=session_id, notebook_path="b.ipynb")
    assert told.whats == ["opened", "switched"]
    await server.call("unuse_notebook", session_id=session_id)
    await server.call("unuse_notebook", session_id=session_id)
    assert told.whats == ["opened", "switched", "switched", "closed"]
    other = await server.open("b.ipynb", BOB)
    server.clock.now += 2 * HOUR + 1
    await sweep(server)
    assert told.whats[4:] == ["opened", "expired"]
    paths = [event.details["notebook_path"] for event in told.events]
    assert paths == ["a.ipynb", "b.ipynb", "a.ipynb", "a.ipynb", "b.ipynb", "b.ipynb"]
    assert {event.session for event in told.events[4:]} == {f"{other[:2]}***"}
    assert [event.owner for event in told.events[4:]] == ["bob", "bob"]


# -- sweeping --------------------------------------------------------------------------------------


def lifetimes(store: Store, clock: Clock, **more: Any) -> Lifetimes:
    return Lifetimes(policy=API.policy, store=store, clock=clock, **more)


async def put(store: Store, clock: Clock, *names: str) -> None:
    for name in names:
        await store.put(record(name, at=clock()))


@pytest.fixture(params=["sqlite", "redis"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Store]]:
    """What two processes have of the same records."""
    made: list[Store] = []
    for _ in range(2):
        if request.param == "sqlite":
            made.append(SqliteStore(StateFile(tmp_path / "state.db")))
        else:
            url, local = request.getfixturevalue("redis_url"), MemoryStore()
            made.append(RedisStore(url, place=str(tmp_path), idle_hours=24, local=local))
    yield made
    for one in made:
        await one.close()


async def test_a_session_in_use_in_one_process_is_not_swept_by_another(
    stores: list[Store],
) -> None:
    clock = Clock()
    user = lifetimes(stores[0], clock, users=lambda: {("alice", "used")})
    other = lifetimes(stores[1], clock)
    await put(stores[0], clock, "used", "idle")
    for _ in range(10):
        clock.now += 20 * HOUR
        assert "used" not in {one.session_id for one in await user.sweep()}
        assert "used" not in {one.session_id for one in await other.sweep()}
    assert await stores[0].get("alice", "idle") is None
    assert await stores[0].get("alice", "used") is not None


async def test_one_process_ends_a_session_and_lets_it_go(stores: list[Store]) -> None:
    clock, told, on_expired = Clock(), list[str](), list[str]()

    async def go(ended: SessionRecord) -> None:
        on_expired.append(ended.session_id)

    sweepers = [
        lifetimes(one, clock, on_expired=go, notify=lambda event: told.append(event.what))
        for one in stores
    ]
    await put(stores[0], clock, *(f"s{number}" for number in range(20)))
    clock.now += 25 * HOUR
    swept = await asyncio.gather(*(one.sweep() for one in sweepers))
    assert sorted(one.session_id for some in swept for one in some) == sorted(on_expired)
    assert len(on_expired) == len(set(on_expired)) == 20
    assert told == ["expired"] * 20


async def test_one_that_is_used_while_it_is_swept_stays() -> None:
    clock, store = Clock(), MemoryStore()
    await put(store, clock, "s1")
    stale = await store.get("alice", "s1")
    assert stale is not None
    clock.now += 25 * HOUR
    living = lifetimes(store, clock)
    assert living.over(stale)
    await store.touch("alice", "s1", clock())
    assert await living.end(stale) is False
    assert await store.get("alice", "s1") is not None


async def test_kernels_that_cannot_be_stopped_do_not_stop_the_sweep(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("jmcp"), "parent", logging.getLogger())
    clock, store = Clock(), MemoryStore()

    async def fail(_: SessionRecord) -> None:
        raise StateUnavailable("Jupyter is gone.")

    await put(store, clock, "secret-1", "secret-2")
    clock.now += 25 * HOUR
    assert len(await lifetimes(store, clock, on_expired=fail).sweep()) == 2
    assert "Jupyter is gone" in caplog.text
    assert "secret-1" not in caplog.text


@pytest.mark.parametrize(("hours", "pause"), [(24, HOUR), (4, HOUR), (1, HOUR / 4), (0.1, 90)])
def test_short_lives_are_looked_at_more_often(hours: float, pause: float) -> None:
    policy = replace(API.policy, idle_hours=hours)
    made = Lifetimes(policy=policy, store=MemoryStore(), clock=Clock())
    assert made.pause_seconds == pytest.approx(pause)


# -- the server's own sweep ------------------------------------------------------------------------

SWEPT_AT_ONCE = replace(API, policy=replace(API.policy, idle_hours=0.0001))
"""Sessions that live a third of a second are looked at as often."""


async def test_what_expired_while_nothing_ran_is_swept_at_start_and_then_again() -> None:
    clock, told, store = Clock(), Heard(), MemoryStore()
    await put(store, clock, "before")
    clock.now += 25 * HOUR
    await put(store, clock, "now")
    options: dict[str, Any] = {"api": SWEPT_AT_ONCE, "store": store, "observers": [told]}
    async with FakeSessionServer(clock=clock, **options).running():
        await told.until(["expired"])
        clock.now += 1
        await told.until(["expired", "expired"])


class Failing(MemoryStore):
    """A store that does not answer once."""

    failed = False

    async def idle_since(self, moment: float) -> Any:
        if not self.failed:
            self.failed = True
            raise StateUnavailable("It is away.")
        return await super().idle_since(moment)


async def test_a_store_that_is_away_does_not_end_the_sweeping() -> None:
    clock, told, store = Clock(), Heard(), Failing()
    await put(store, clock, "old")
    clock.now += 25 * HOUR
    options: dict[str, Any] = {"api": SWEPT_AT_ONCE, "store": store, "observers": [told]}
    async with FakeSessionServer(clock=clock, **options).running():
        await told.until(["expired"])
    assert store.failed
