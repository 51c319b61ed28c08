"""The session records of a place, for the command line: read without a server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from jmcp.core.errors import ServeError
from jmcp.core.observe.events import masked
from jmcp.core.sessions.expiry import SECONDS_PER_HOUR
from jmcp.core.sessions.lookup import iso
from jmcp.core.sessions.records import SessionRecord, Store
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from jmcp.state.folder import check_store, redis_store, state_folder
from jmcp_api.backend_errors import StateUnavailable as Unavailable
from jmcp_api.sessions import POLICY


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One session. `number` counts from 1, the oldest, so that it stays while sessions are used."""

    number: int
    record: SessionRecord

    @property
    def session_id(self) -> str:
        return self.record.session_id

    @property
    def masked(self) -> str:
        return masked(self.session_id)

    @property
    def owner(self) -> str:
        return self.record.owner

    @property
    def paths(self) -> list[str]:
        """The paths of its notebooks, the current one first."""
        held = self.record.notebooks
        keys = sorted(held, key=lambda key: key != self.record.current)
        return [held[key].ref.path for key in keys]

    @property
    def started_kernels(self) -> list[str]:
        held = self.record.notebooks.values()
        return [one.kernel_id for one in held if one.started_kernel and one.kernel_id is not None]

    def public(self) -> dict[str, Any]:
        """The session as JSON data, with its id masked."""
        record = self.record
        return {
            "number": self.number,
            "session": self.masked,
            "owner": record.owner,
            "created": iso(record.created),
            "last_used": iso(record.last_accessed),
            "notebooks": [
                {
                    "notebook_path": held.ref.path,
                    "notebook_name": held.name,
                    "current": held.ref.key == record.current,
                    "kernel_id": held.kernel_id,
                    "started_kernel": held.started_kernel,
                    "private_kernel": held.private,
                }
                for held in record.notebooks.values()
            ],
        }


class SessionFile:
    """The live sessions of a store, which it closes. `place` names them to a person."""

    def __init__(self, store: Store, place: str, idle_hours: float) -> None:
        self.place = place
        self.store = store
        self._idle_seconds = idle_hours * SECONDS_PER_HOUR

    async def rows(self) -> list[Row]:
        """The sessions used within their idle time, oldest first.

        One that only a running cell keeps alive is not among them: its server alone knows of that.
        """
        limit = time.time() - self._idle_seconds
        found = await self.store.idle_since(float("inf"))
        live = [one for one in found if one.last_accessed >= limit]
        live.sort(key=lambda one: (one.created, one.owner, one.session_id))
        return [Row(number=number, record=one) for number, one in enumerate(live, 1)]

    async def remove(self, row: Row) -> bool:
        """Remove a session. False when there was none. A running server notices at its next call."""
        return await self.store.remove(row.owner, row.session_id)

    async def close(self) -> None:
        await self.store.close()


def open_session_file(
    place: str, store: str, session_hours: float | None, *, create: bool = False
) -> SessionFile:
    """The sessions of that place in that store. Raises ServeError, StateUnavailable.

    Creates no state where there is none, unless it is to `create` it, and does not count as a process
    of jmcp.
    """
    folder = state_folder(place)
    idle_hours = POLICY.idle_hours if session_hours is None else session_hours
    if store == "memory":
        raise ServeError("sessions in memory are known to their server alone; name another --store")
    if store == "sqlite":
        path = folder / "state.db"
        found: Store = (
            SqliteStore(StateFile(path, unavailable=Unavailable))
            if create or path.exists()
            else MemoryStore()
        )
        return SessionFile(found, place, idle_hours)
    check_store(store)
    shared = redis_store(store, folder, idle_hours=idle_hours, local=MemoryStore())
    return SessionFile(shared, place, idle_hours)
