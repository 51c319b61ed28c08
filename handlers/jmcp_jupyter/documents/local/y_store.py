"""The stores of rooms, made for many rooms on one server."""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import CancelScope
from pycrdt import merge_updates


def shared(store_class: Any, config: Any) -> Any:
    """That class of stores with this configuration, whose stores do not stand in each other's way.

    pycrdt-store (0.1.5) opens the database once for each room. Rooms that write at once wait for
    its lock in SQLite, up to 5 s each, in threads. Meanwhile Python's collector may meet a cursor
    of such a connection in the event loop and then waits for that thread: with 32 notebooks in
    which code ran, the whole server stood still for 5 s, again and again, and what SQLite gave up
    was not stored. Here the stores of a server take turns, and what a room has to store while it
    waits for its turn is stored at once: in one transaction of three steps in a thread, not in many.

    Nor may a room that is closed leave a transaction half done: its connection would keep the lock
    until the collector finds it, and all others wait.
    """
    turn = asyncio.Lock()

    class SharedStore(store_class):  # type: ignore[misc]  # a class chosen at run time
        preparing: asyncio.Task[None] | None = None

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**{"config": config, **kwargs})
            self._writing = asyncio.Lock()
            self._unwritten: list[bytes] = []
            if hasattr(self, "db_initialized"):  # else each room has a file of its own
                self.lock = turn

        async def write(self, data: bytes) -> None:
            """Store an update; returns when it is stored, perhaps together with others."""
            self._unwritten.append(data)
            async with self._writing:
                updates, self._unwritten = self._unwritten, []
                if not updates:
                    return
                if getattr(self, "db_initialized", None) is not None:
                    await self.db_initialized.wait()  # not shielded: it may never be
                with CancelScope(shield=True):
                    await super().write(
                        updates[0] if len(updates) == 1 else merge_updates(*updates)
                    )

        async def _init_db(self) -> None:
            with CancelScope(shield=True):
                await super()._init_db()

    # Configuration names a class and its bases; this one has the section of the base.
    return SharedStore
