"""Copies of a place's state file, made while servers use it, and put back while none does."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from jmcp.core.errors import ServeError
from jmcp.core.stores.instance_lock import InstanceLock, living_instances
from jmcp.core.stores.schema import MIGRATIONS
from jmcp.core.stores.state_file import BUSY, COMPANIONS, result_code
from jmcp.state.running_servers import running_servers

STATE_FILE = "state.db"
PRIVATE = 0o600
BUSY_SECONDS = 10.0
"""How long a copy waits for a server's write, which takes some 100 microseconds."""
TABLES = ("sessions", "runs", "changes")
UNSAVED = "SELECT COUNT(*) FROM changes WHERE state = 'pending'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a state file holds: sessions, unfinished runs, journaled changes, and of these the ones
    that their notebook's file has not."""

    sessions: int
    runs: int
    changes: int
    unsaved: int


def check_unused(folder: Path, place: str) -> None:
    """Raises ServeError while a jmcp on this machine uses that folder's state, and says which."""
    count = living_instances(folder)
    if not count:
        return
    known = [one for one in running_servers().servers if one.is_here and one.root_dir == place]
    where = ", ".join(f"process {one.pid} at {one.url}" for one in known)
    more = f" ({where})" if where else ""
    uses = "a jmcp uses" if count == 1 else f"{count} processes of jmcp use"
    raise ServeError(f"{uses} the state of {place}{more}; stop it, and try again")


def hold(folder: Path, place: str) -> InstanceLock:
    """A lock on that folder's state, for which there must be a folder. Close it. Raises ServeError, StateUnavailable."""
    check_unused(folder, place)
    return InstanceLock(folder)


def back_up(folder: Path, target: Path) -> Contents:
    """Copy the folder's state file, as of one moment, whether servers write to it or not. `target`
    is replaced once the copy is whole. Raises ServeError."""
    source = folder / STATE_FILE
    if not source.exists():
        raise ServeError(f"there is no state to back up: {source} does not exist")
    return _copied(source, target)


def restore(source: Path, folder: Path, place: str) -> tuple[Contents, Path | None]:
    """Put a copy in the place of the folder's state file, which is set aside; returns what the copy
    holds, and where the other one is. Raises ServeError, StateUnavailable."""
    if not source.exists():
        raise ServeError(f"there is no {source}")
    found = contents(source)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = hold(folder, place)
    try:
        state = folder / STATE_FILE
        arriving = folder / f"{STATE_FILE}.arriving"
        _copied(source, arriving)
        aside = _set_aside(state) if state.exists() else None
        os.replace(arriving, state)
        _flush(folder)
    finally:
        lock.close()
    return found, aside


def _set_aside(state: Path) -> Path:
    """A copy of the state file under another name, which it leaves without a log: SQLite would bring that
    into whatever file has the name next."""
    aside = state.with_name(f"{STATE_FILE}.before-{time.time_ns()}")
    try:
        with closing(_read(state)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        shutil.copy2(state, aside)
    except sqlite3.Error as error:
        if result_code(error) in BUSY:
            raise ServeError(f"somebody reads {state} just now; try again") from error
        for companion in COMPANIONS:  # it is damaged
            with suppress(FileNotFoundError):
                os.rename(f"{state}{companion}", f"{aside}{companion}")
    return aside


def contents(path: Path) -> Contents:
    """What a state file holds, if it is one and whole. Raises ServeError."""
    try:
        with closing(_read(path)) as connection:
            return _contents(connection, path)
    except sqlite3.Error as error:
        raise ServeError(f"{path} is not a state file of jmcp, or is damaged: {error}") from error


def _copied(source: Path, target: Path) -> Contents:
    """A copy by SQLite's own means, which has what is in the log too; checked before it gets its name."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        # Made here and not by SQLite, so that nobody else can ever read it.
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))
        with closing(_read(source)) as reading, closing(sqlite3.connect(part)) as writing:
            reading.backup(writing)
            # A file of its own, which can be copied and read where nobody may write.
            writing.execute("PRAGMA journal_mode=DELETE")
            found = _contents(writing, part)
        _flush(part)
        os.replace(part, target)
        _flush(target.parent)
    except sqlite3.Error as error:
        raise ServeError(f"{source} cannot be copied to {target}: {error}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ServeError(f"{target} cannot be written: {reason}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return found


def _read(path: Path) -> sqlite3.Connection:
    # Not as read-only: the log of a server that was killed has to be brought in.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _contents(connection: sqlite3.Connection, path: Path) -> Contents:
    ((verdict,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    ((schema,),) = connection.execute("PRAGMA user_version").fetchall()
    if schema > len(MIGRATIONS):
        raise ServeError(
            f"{path.name} is of a later version of jmcp (schema {schema}, known: {len(MIGRATIONS)})"
        )
    counts: Mapping[str, int] = {
        table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in TABLES
    }
    return Contents(unsaved=connection.execute(UNSAVED).fetchone()[0], **counts)


def _flush(path: Path) -> None:
    """Have the file, or the names in a folder, on the disk: a copy is for when power is lost."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
