"""Records in a SQLite file: they outlive the process, and several processes may share them."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from jmcp.core.sessions.records import Change, PendingRun, SessionRecord
from jmcp.core.stores.encoding import decode_run, decode_session, encode_run, encode_session
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.state_file import Row, StateFile

COLUMNS = "SELECT owner, session_id, last_accessed, data FROM sessions"
ONE = "owner = ? AND session_id = ?"
CHANGE_ATTEMPTS = 100
"""To change a record that other processes change at the same moment: two at once are rare."""

KEPT_RECORDS = 512
"""Records that are kept beside the text that they were made of: to read one again takes a tenth."""

P = ParamSpec("P")
R = TypeVar("R")
_Statements = Callable[Concatenate["SqliteStore", P], R]
_Waiting = Callable[Concatenate["SqliteStore", P], Coroutine[Any, Any, R]]


def _patient(statements: _Statements[P, R]) -> _Waiting[P, R]:
    """A method whose statements, all or none, wait for other processes without the event loop."""

    @wraps(statements)
    async def waiting(self: SqliteStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._state.patiently(partial(statements, self, *args, **kwargs))

    return waiting


class SqliteStore:
    """`Store` in a state file, which it owns: `close` closes it.

    With the process's `lock`, which it owns too, several processes share the file: one takes up the
    runs that a dead one left, and none that a living one has.
    """

    def __init__(self, state: StateFile, lock: InstanceLock | None = None) -> None:
        self._state = state
        self._lock = lock
        self._keeper = lock.process if lock is not None else ""
        self._decoded: OrderedDict[tuple[str, str], tuple[str, SessionRecord]] = OrderedDict()

    @_patient
    def get(self, owner: str, session_id: str) -> SessionRecord | None:
        row = self._state.one(f"{COLUMNS} WHERE owner = ? AND session_id = ?", owner, session_id)
        return self._record(*row) if row is not None else None

    @_patient
    def put(self, record: SessionRecord) -> None:
        with self._state.transaction():
            self._state.change(
                "INSERT INTO sessions (owner, session_id, last_accessed, data) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET "
                "last_accessed = excluded.last_accessed, data = excluded.data",
                record.owner,
                record.session_id,
                record.last_accessed,
                encode_session(record),
            )
            self._hold(record)

    @_patient
    def add(self, record: SessionRecord) -> bool:
        with self._state.transaction():
            added = self._state.change(
                "INSERT OR IGNORE INTO sessions (owner, session_id, last_accessed, data) "
                "VALUES (?, ?, ?, ?)",
                record.owner,
                record.session_id,
                record.last_accessed,
                encode_session(record),
            )
            if added:
                self._hold(record)
        return added > 0

    @_patient
    def change(
        self, owner: str, session_id: str, change: Change
    ) -> tuple[SessionRecord, SessionRecord | None] | None:
        for _ in range(CHANGE_ATTEMPTS):
            row = self._state.one(f"{COLUMNS} WHERE {ONE}", owner, session_id)
            before = self._record(*row) if row is not None else None
            if row is None or before is None:
                return None
            after = change(before)
            if after == before or self._replace(row[3], before, after):
                return before, after
        raise self._state.unavailable.contended(file=self._state.path.name)

    def _replace(self, data: str, before: SessionRecord, after: SessionRecord | None) -> bool:
        """Whether the record was still that data, and is replaced."""
        name = (before.owner, before.session_id)
        if after is not None and after.claims == before.claims:
            return self._write(data, after)
        with self._state.transaction():
            if after is not None:
                replaced = self._write(data, after)
            else:
                sql = f"DELETE FROM sessions WHERE {ONE} AND data = ?"
                replaced = self._state.change(sql, *name, data) > 0
            if replaced and after is not None:
                self._hold(after)
            elif replaced:
                self._state.change(f"DELETE FROM holdings WHERE {ONE}", *name)
        return replaced

    def _write(self, data: str, after: SessionRecord) -> bool:
        text = encode_session(after)
        changed = self._state.change(
            f"UPDATE sessions SET last_accessed = ?, data = ? WHERE {ONE} AND data = ?",
            after.last_accessed,
            text,
            after.owner,
            after.session_id,
            data,
        )
        if changed:
            self._decoded[after.owner, after.session_id] = (text, after)
        return changed > 0

    def _record(
        self, owner: str, session_id: str, last_accessed: float, text: str
    ) -> SessionRecord | None:
        """The record of a row, made anew only where its text is another one than it was."""
        name = (owner, session_id)
        known = self._decoded.get(name)
        if known is not None and known[0] == text:
            self._decoded.move_to_end(name)
            return replace(known[1], last_accessed=last_accessed)
        record = decode_session(owner, session_id, last_accessed, text)
        if record is not None:
            self._decoded[name] = (text, record)
            if len(self._decoded) > KEPT_RECORDS:
                self._decoded.popitem(last=False)
        return record

    def _hold(self, record: SessionRecord) -> None:
        name = (record.owner, record.session_id)
        self._state.change(f"DELETE FROM holdings WHERE {ONE}", *name)
        for holding in record.claims:
            self._state.change("INSERT INTO holdings VALUES (?, ?, ?)", *name, holding)

    @_patient
    def touch(self, owner: str, session_id: str, moment: float) -> bool:
        changed = self._state.change(
            "UPDATE sessions SET last_accessed = ? WHERE owner = ? AND session_id = ?",
            moment,
            owner,
            session_id,
        )
        return changed > 0

    @_patient
    def remove(self, owner: str, session_id: str) -> bool:
        return self._remove(ONE, owner, session_id)

    @_patient
    def expire(self, owner: str, session_id: str, moment: float) -> bool:
        return self._remove(f"{ONE} AND last_accessed < ?", owner, session_id, moment)

    def _remove(self, which: str, owner: str, session_id: str, *more: float) -> bool:
        with self._state.transaction():
            sql = f"DELETE FROM sessions WHERE {which}"
            removed = self._state.change(sql, owner, session_id, *more) > 0
            if removed:
                self._state.change(f"DELETE FROM holdings WHERE {ONE}", owner, session_id)
        return removed

    @_patient
    def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        return _records(
            self._state.all(f"{COLUMNS} WHERE owner = ? ORDER BY last_accessed DESC", owner)
        )

    @_patient
    def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        return _records(self._state.all(f"{COLUMNS} WHERE last_accessed < ?", moment))

    @_patient
    def holders(self, *holdings: str) -> Sequence[SessionRecord]:
        return _records(
            self._state.all(
                f"{COLUMNS} WHERE (owner, session_id) IN (SELECT owner, session_id FROM holdings "
                "WHERE holding IN (SELECT value FROM json_each(?)))",
                json.dumps(holdings),
            )
        )

    @_patient
    def count(self, since: float) -> int:
        row = self._state.one("SELECT COUNT(*) FROM sessions WHERE last_accessed >= ?", since)
        return int(row[0]) if row is not None else 0

    @_patient
    def put_run(self, run: PendingRun) -> None:
        self._state.change(
            "INSERT OR REPLACE INTO runs (execution_id, keeper, began, data) VALUES (?, ?, ?, ?)",
            run.execution_id,
            self._keeper,
            run.began,
            encode_run(run),
        )

    @_patient
    def remove_run(self, execution_id: str) -> None:
        self._state.change("DELETE FROM runs WHERE execution_id = ?", execution_id)

    @_patient
    def runs(self) -> Sequence[PendingRun]:
        self._inherit()
        rows = self._state.all(
            "SELECT data FROM runs WHERE keeper = ? ORDER BY began", self._keeper
        )
        found = (decode_run(text) for (text,) in rows)
        return [run for run in found if run is not None]

    async def close(self) -> None:
        try:
            await asyncio.to_thread(self._state.close)
        finally:
            if self._lock is not None:
                self._lock.close()

    def _inherit(self) -> None:
        """Make the runs of dead processes this one's. Within one transaction: one inherits."""
        if self._lock is None:
            return
        with self._state.transaction():
            for (keeper,) in self._state.all("SELECT DISTINCT keeper FROM runs"):
                if not self._lock.alive(keeper):
                    self._state.change(
                        "UPDATE runs SET keeper = ? WHERE keeper = ?", self._keeper, keeper
                    )


def _records(rows: Iterable[Row]) -> list[SessionRecord]:
    found = (decode_session(*row) for row in rows)
    return [record for record in found if record is not None]
