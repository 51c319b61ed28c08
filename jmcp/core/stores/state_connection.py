"""SQLite connections to a state file: checked, and of the newest schema."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from jmcp.core.errors import StateUnavailable
from jmcp.core.stores.schema import Migrations

LONGEST_LOG_PAGES = 16_384
"""Pages of the log after which SQLite brings it into the file by itself."""


def connect(
    path: Path,
    migrations: Migrations,
    *,
    busy_seconds: float,
    unavailable: type[StateUnavailable],
) -> sqlite3.Connection:
    """A connection in WAL mode, after `migrations` that the file has not had. `busy_seconds` is how
    long a statement waits for another process.

    Raises sqlite3.Error, with code SQLITE_CORRUPT for a file that does not pass SQLite's own check;
    and `unavailable` for a file of a newer schema.
    """
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        # Should the thread's checkpoints fail, the log has an end all the same.
        connection.execute(f"PRAGMA wal_autocheckpoint={LONGEST_LOG_PAGES}")
        _check(connection)
        _migrate(connection, migrations, path.name, unavailable)
    except BaseException:
        connection.close()
        raise
    return connection


def bring_in_log(path: Path) -> None:
    """Bring the log into the file, which waits for the disk. Errors are not raised: the next
    statement meets them too, and tells somebody."""
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()


def _check(connection: sqlite3.Connection) -> None:
    ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _migrate(
    connection: sqlite3.Connection,
    migrations: Migrations,
    file: str,
    unavailable: type[StateUnavailable],
) -> None:
    known = len(migrations)
    if _version(connection) == known:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # another process may have been faster
        _check_known(version, known, file, unavailable)
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={known}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _check_known(version: int, known: int, file: str, unavailable: type[StateUnavailable]) -> None:
    if version > known:
        raise unavailable.newer(file=file, schema=version, known=known)


def _version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    return int(version)
