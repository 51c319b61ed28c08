"""What a session costs while nobody uses it: its record, and what it read."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks import limits
from benchmarks.figures import Figure
from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.readings.session_readings import with_reading
from jmcp.core.sessions.records import HeldNotebook, SessionRecord, Store
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile

SESSIONS = 10_000
READERS = 1_000
CELLS_READ = 100
Cost = Callable[[int, int], Coroutine[Any, Any, float]]
"""Bytes that so many sessions cost, each of which has read so many cells."""


def record(number: int, cells_read: int) -> SessionRecord:
    """A session as one run leaves it, with strings that no other one has."""
    key = str(uuid4())
    held = HeldNotebook(
        ref=NotebookRef(key=key, path=f"projects/analysis/notebook {number}.ipynb"),
        name=f"notebook {number}",
        kernel_id=str(uuid4()),
        kernel_name="python3",
        generation=1,
        counted_by=uuid4().hex,
        started_kernel=True,
    )
    made = SessionRecord(
        owner="named-token-of-a-team",
        session_id=uuid4().hex[:8],
        created=1_800_000_000.0 + number,
        last_accessed=1_800_000_100.0 + number,
        connection=uuid4().hex,
        current=key,
        notebooks={key: held},
    )
    if not cells_read:
        return made
    reading = Reading()
    reading.record_read({uuid4().hex[:8]: f"value = {index}" for index in range(cells_read)})
    return with_reading(key, reading, made)


async def in_memory(sessions: int, cells_read: int) -> float:
    store = MemoryStore()
    tracemalloc.start()
    try:
        await _fill(store, sessions, cells_read)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await store.close()
    return used


async def in_file(folder: Path, sessions: int, cells_read: int) -> float:
    path = folder / f"{sessions} of {cells_read}.db"
    store = SqliteStore(StateFile(path))
    empty = _on_disk(path)
    await _fill(store, sessions, cells_read)
    await store.close()
    return _on_disk(path) - empty


async def _fill(store: Store, sessions: int, cells_read: int) -> None:
    for number in range(sessions):
        await store.put(record(number, cells_read))


def _on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def memory(base: Path) -> list[Figure]:
    """Bytes for each session, and for each cell that a session has read."""
    base.mkdir()
    figures = []
    costs: dict[str, Cost] = {"memory": in_memory, "SQLite": partial(in_file, base)}
    for name, cost in costs.items():
        bare = asyncio.run(cost(SESSIONS, 0)) / SESSIONS
        some = asyncio.run(cost(READERS, 0)) / READERS
        read = (asyncio.run(cost(READERS, CELLS_READ)) / READERS - some) / CELLS_READ
        figures += [
            Figure(
                name=f"idle session in {name}",
                value=bare,
                unit="B",
                limit=limits.IDLE_SESSION,
                note=f"{SESSIONS} sessions of one notebook",
            ),
            Figure(
                name=f"a cell that it has read, in {name}",
                value=read,
                unit="B",
                limit=limits.READ_CELL_MEMORY,
                note=f"{CELLS_READ} cells in each of {READERS} sessions",
            ),
        ]
    return figures
