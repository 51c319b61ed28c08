"""The stores of rooms, made for many rooms on one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from anyio import CancelScope
from pycrdt import Array, merge_updates
from pycrdt.store import BaseYStore

T = TypeVar("T")
QUIET_TURNS = 20
"""Turns of the event loop in which a room that is closed begins to store what it has."""
WRITE_SECONDS = 2.0
"""How long updates of a room are gathered before they are stored together. One update costs 0.3 ms
of a processor, most of it in changes of threads, and so do a hundred; a run makes three, and an
agent that edits makes some each second. As long as an edit waits for its file to be saved."""


class _Connection:
    """The one connection of all stores of a server to its database, open while one has it."""

    def __init__(self, turn: asyncio.Lock) -> None:
        self._turn = turn
        self._changing = asyncio.Lock()
        self._users = 0
        self._open: Any = None
        self._works: set[asyncio.Task[Any]] = set()

    async def alone(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns, made in a task of its own.

        It takes a thread, which anyio keeps for as long as the outermost task goes on; that of a room
        may not end before its server does, and a process waits for its threads at its end.
        """
        task = asyncio.create_task(work, name="jmcp-room-store")
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return await task

    async def quiet(self) -> None:
        """Return when nothing is read or written, and nobody who could is about to."""
        turns = 0
        while turns < QUIET_TURNS:
            turns = 0 if self._works else turns + 1
            if self._works:
                await asyncio.wait(self._works)
            await asyncio.sleep(0)

    async def take(self, connect: Callable[[], Awaitable[Any]]) -> Any:
        """The connection, made by the first who takes it."""
        async with self._changing:
            if self._open is None:
                self._open = await connect()
            self._users += 1
            return self._open

    async def give_back(self) -> None:
        """Close it after the last who took it."""
        async with self._changing:
            self._users -= 1
            if self._users:
                return
            unused, self._open = self._open, None
            async with self._turn:
                await self.alone(unused.close())


def _is_of_metadata(event: Any) -> bool:
    """Whether a change of cells is one of a cell's metadata alone."""
    path = event.path
    if len(path) == 1:
        return set(getattr(event, "keys", ("",))) <= {"metadata"}
    return len(path) > 1 and path[1] == "metadata"


def shared(store_class: Any, config: Any) -> Any:
    """That class of stores with this configuration, whose stores do not stand in each other's way.

    pycrdt-store (0.1.5) opens the database once for each room. Rooms that write at once wait for
    its lock in SQLite, up to 5 s each, in threads. Meanwhile Python's collector may meet a cursor
    of such a connection in the event loop and then waits for that thread: with 32 notebooks in
    which code ran, the whole server stood still for 5 s, again and again, and what SQLite gave up
    was not stored. Here the stores of a server take turns, and what a room has to store while it
    waits for its turn is stored at once: in one transaction of three steps in a thread, not in many.

    Nor may a room that is closed leave a transaction half done: it would keep the lock until the
    collector finds its connection, and all others wait.

    And pycrdt-store closes the connection of a store that is stopped, while rooms stop nothing but
    the task that the store's own start is: a descriptor and 0.3 MB were left of every notebook ever
    opened. Here all stores of a server have one connection, for as long as any of them runs.
    """
    turn = asyncio.Lock()
    connection = _Connection(turn)

    class SharedStore(store_class):  # type: ignore[misc]  # a class chosen at run time
        preparing: asyncio.Task[None] | None = None
        quiet = staticmethod(connection.quiet)
        db_initialized: Any  # only where the store is a database

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**{"config": config, **kwargs})
            self._writing = asyncio.Lock()
            self._unwritten: list[bytes] = []
            self._soon: asyncio.TimerHandle | None = None
            self._flushing: asyncio.Task[None] | None = None
            self._connected = False
            self.same = False
            self._watched: list[tuple[Any, Any]] = []
            if hasattr(self, "db_initialized"):  # else each room has a file of its own
                self.lock = turn

        async def write(self, data: bytes) -> None:
            self.gather(data)

        def gather(self, update: bytes) -> None:
            """Have an update stored within WRITE_SECONDS, together with what comes until then."""
            self._unwritten.append(update)
            if self._soon is None:
                loop = asyncio.get_running_loop()
                self._soon = loop.call_later(WRITE_SECONDS, self._flush_now)

        async def flush(self) -> None:
            """Store what is gathered; returns when it is stored."""
            if self._soon is not None:
                self._soon.cancel()
                self._soon = None
            async with self._writing:
                updates, self._unwritten = self._unwritten, []
                if not updates:
                    return
                if getattr(self, "db_initialized", None) is not None:
                    await self.db_initialized.wait()  # not shielded: it may never be
                with CancelScope(shield=True):
                    await connection.alone(
                        super().write(updates[0] if len(updates) == 1 else merge_updates(*updates))
                    )

        def _flush_now(self) -> None:
            self._soon = None
            self._flushing = asyncio.create_task(self._flush_logged(), name="jmcp-room-store")

        async def _flush_logged(self) -> None:
            try:
                await self.flush()
            except Exception:  # the room's history: the room and its file go on without it
                self.log.warning("A room's updates could not be stored.", exc_info=True)

        async def apply_updates(self, ydoc: Any) -> None:
            await self.flush()
            await super().apply_updates(ydoc)
            self.same = True
            if "cells" in ydoc.keys():  # noqa: SIM118  # a document, no mapping
                cells = ydoc.get("cells", type=Array)
                self._watched.append((cells, cells.observe_deep(self._replaced)))

        def _replaced(self, events: list[Any]) -> None:
            if not all(_is_of_metadata(event) for event in events):
                self.same = False

        def settle(self) -> bool:
            """Whether the cells of the document are those that were stored, for one question only.

            Metadata do not count: jupyter_ydoc completes those of a file each time that it reads one, and
            of two that set the same key one wins, where of two that put in the same text both stay.
            """
            for content, subscription in self._watched:
                content.unobserve(subscription)
            self._watched.clear()
            return self.same

        async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
            await self.flush()
            for stored in await connection.alone(self._read()):
                yield stored

        async def _read(self) -> list[tuple[bytes, bytes, float]]:
            found = []
            async for stored in super().read():
                found.append(stored)  # where a comprehension has no super()
            return found

        async def start(self, *, from_context_manager: bool = False, **kwargs: Any) -> None:
            try:
                await super().start(from_context_manager=from_context_manager, **kwargs)
            finally:
                if not from_context_manager:
                    with CancelScope(shield=True):
                        await self._disconnect()

        async def stop(self) -> None:
            with suppress(Exception), CancelScope(shield=True):
                await self.flush()
                await self._disconnect()
            if hasattr(self, "db_initialized"):
                await BaseYStore.stop(self)  # its class would close the connection for all stores
            else:
                await super().stop()

        async def _init_db(self) -> None:
            with CancelScope(shield=True):
                self._db = await connection.take(self._connect)
                self._connected = True
                self.db_initialized.set()

        async def _connect(self) -> Any:
            await connection.alone(super()._init_db())
            return self._db

        async def _disconnect(self) -> None:
            if not self._connected:
                return
            with suppress(Exception):  # as `_flush_logged`, and the connection has to go
                await self.flush()
            self._connected = False
            await connection.give_back()

    # Configuration names a class and its bases; this one has the section of the base.
    return SharedStore
