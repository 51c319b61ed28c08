"""Every store that there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from jmcp.core.ports import NotebookRef, Request
from jmcp.core.sessions.records import HeldNotebook, PendingRun, SessionRecord, Store
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.redis import RedisStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.fakes.stores import FakeStore

NewStore = Callable[[], Store]


@pytest.fixture(params=["memory", "fake", "sqlite", "redis"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "fake":
        made = FakeStore()
    elif request.param == "sqlite":
        made = SqliteStore(StateFile(tmp_path / "state.db"))
    else:
        url = request.getfixturevalue("redis_url")
        made = RedisStore(url, place="here", idle_hours=24, local=MemoryStore())
        await made._redis.flushall()
    yield made
    await made.close()


@pytest.fixture(params=["sqlite", "redis"])
async def processes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[str], Store]]:
    """Makes stores that look at the same records, as several processes do, by machine."""
    made: list[Store] = []

    def new(machine: str) -> Store:
        folder = tmp_path / machine if request.param == "redis" else tmp_path
        folder.mkdir(exist_ok=True)
        local = SqliteStore(StateFile(folder / "state.db"), InstanceLock(folder))
        if request.param == "sqlite":
            made.append(local)
        else:
            url = request.getfixturevalue("redis_url")
            made.append(RedisStore(url, place="here", idle_hours=24, local=local))
        return made[-1]

    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        first = RedisStore(url, place="", idle_hours=24, local=MemoryStore())
        await first._redis.flushall()
        await first.close()
    yield new
    for one in made:
        await one.close()


def held(number: int, *, kernel: bool = True) -> HeldNotebook:
    return HeldNotebook(
        ref=NotebookRef(key=f"3f1c2a9e-0000-4000-8000-{number:012}", path=f"sub/nb {number}.ipynb"),
        name=f"nb {number}",
        kernel_id=f"8a2e6c1d-0000-4000-8000-{number:012}" if kernel else None,
        kernel_name="python3" if kernel else None,
        generation=number if kernel else None,
        process="5d0c" if kernel else None,
        pending_notice="kernel_restarted" if number == 1 else None,
        started_kernel=kernel,
        private=number == 1,
        auto_heal=number != 1,
    )


def record(session_id: str = "s1", owner: str = "alice", at: float = 100.5) -> SessionRecord:
    notebooks = [held(0), held(1), held(2, kernel=False)]
    return SessionRecord(
        owner=owner,
        session_id=session_id,
        created=50.25,
        last_accessed=at,
        connection="mcp:5d0c",
        current=notebooks[1].ref.key,
        notebooks={notebook.ref.key: notebook for notebook in notebooks},
    )


def run(execution_id: str, *, began: float = 1.5) -> PendingRun:
    return PendingRun(
        execution_id=execution_id,
        owner="alice",
        session_id="s1",
        notebook=NotebookRef(key="key", path="é.ipynb"),
        cell_id=None,
        request=Request(kernel_id="k", channel="c", message_id="m"),
        began=began,
        timeout=2.5,
        displays={"d": (0, 3), "é": ()},
        settled=True,
    )
