"""Records in a SQLite file of the gateway's state folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jmcp.core.stores.schema import Migrations
from jmcp.core.stores.state_file import Row, StateFile
from jmcp.hub.grants.records import Kind, Record

FILE = "gateway.db"
MIGRATIONS: Migrations = (
    (
        """CREATE TABLE records (
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            user TEXT NOT NULL,
            expires REAL NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (kind, key)
        ) WITHOUT ROWID""",
        "CREATE INDEX records_of_user ON records (user, kind) WHERE user <> ''",
        "CREATE INDEX records_by_expiry ON records (expires)",
    ),
)
"""A migration that was released is never changed: add another one."""

COLUMNS = "SELECT kind, key, data, expires, user FROM records"


class SqliteRecords:
    """`Records` in `folder`, which is made with mode 0700 and its file with 0600. Raises
    StateUnavailable where that cannot be, or the file is of a newer jmcp."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._state = StateFile(folder / FILE, migrations=MIGRATIONS)
        self._clock = clock

    async def get(self, kind: Kind, key: str) -> Record | None:
        sql = f"{COLUMNS} WHERE kind = ? AND key = ? AND expires > ?"
        row = await self._state.patiently(lambda: self._state.one(sql, kind, key, self._clock()))
        return _record(row) if row is not None else None

    async def add(self, record: Record, *, limit: int | None = None) -> bool:
        return await self._state.patiently(lambda: self._add(record, limit))

    def _add(self, record: Record, limit: int | None) -> bool:
        now = self._clock()
        with self._state.transaction():
            if limit is not None:
                sql = "SELECT COUNT(*) FROM records WHERE kind = ? AND expires > ?"
                row = self._state.one(sql, record.kind, now)
                if row is not None and row[0] >= limit:
                    return False
            # One that has expired is as good as gone, whether it was swept or not.
            sql = "DELETE FROM records WHERE kind = ? AND key = ? AND expires <= ?"
            self._state.change(sql, record.kind, record.key, now)
            added = self._state.change(
                "INSERT OR IGNORE INTO records (kind, key, user, expires, data) VALUES (?, ?, ?, ?, ?)",
                record.kind,
                record.key,
                record.user,
                record.expires,
                record.data,
            )
        return added > 0

    async def change(self, before: Record, after: Record) -> bool:
        sql = (
            "UPDATE records SET data = ?, expires = ?, user = ? "
            "WHERE kind = ? AND key = ? AND data = ? AND expires > ?"
        )
        name = (before.kind, before.key, before.data, self._clock())
        values = (after.data, after.expires, after.user, *name)
        return await self._state.patiently(lambda: self._state.change(sql, *values)) > 0

    async def remove(self, kind: Kind, key: str) -> bool:
        # What has expired is not there, also for whoever removes it.
        sql = "DELETE FROM records WHERE kind = ? AND key = ? AND expires > ?"
        values = (kind, key, self._clock())
        return await self._state.patiently(lambda: self._state.change(sql, *values)) > 0

    async def count(self, kind: Kind) -> int:
        sql = "SELECT COUNT(*) FROM records WHERE kind = ? AND expires > ?"
        row = await self._state.patiently(lambda: self._state.one(sql, kind, self._clock()))
        return int(row[0]) if row is not None else 0

    async def of_user(self, kind: Kind, user: str) -> Sequence[Record]:
        if not user:
            return []
        sql = f"{COLUMNS} WHERE user = ? AND user <> '' AND kind = ? AND expires > ? ORDER BY key"
        values = (user, kind, self._clock())
        rows = await self._state.patiently(lambda: self._state.all(sql, *values))
        return [_record(row) for row in rows]

    async def sweep(self) -> int:
        sql = "DELETE FROM records WHERE expires <= ?"
        return await self._state.patiently(lambda: self._state.change(sql, self._clock()))

    async def close(self) -> None:
        self._state.close()


def _record(row: Row) -> Record:
    kind, key, data, expires, user = row
    return Record(kind=kind, key=key, data=data, expires=expires, user=user)
