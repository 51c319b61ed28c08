"""One SQLite file with what outlives a process: sessions, runs, the change journal.

Statements run where they are called, on the event loop: an indexed write in WAL mode without fsync
takes some 30 microseconds, through a thread twice that with a long tail (docs/decisions/0012). Only
what waits for the disk, bringing the log into the file, has a thread.
`synchronous=NORMAL` survives the death of the process (the pages are with the operating system),
not the loss of power, which costs the last transactions and never the file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

from jmcp.core.errors import StateUnavailable
from jmcp.core.stores.schema import MIGRATIONS, Migrations
from jmcp.core.stores.state_connection import bring_in_log, connect

BUSY_SECONDS = 0.005
"""How long a statement waits where it is called, with the event loop, for another process's write:
that takes some 100 microseconds."""
PATIENCE_SECONDS = 2.0
"""How long `StateFile.patiently` waits for it, without the event loop."""
PAUSE_SECONDS = 0.02
CLOSE_SECONDS = 5.0
"""How long a checkpoint may hold up `close`."""
WRITES_PER_CHECKPOINT = 256
OPEN_ATTEMPTS = 20
REOPEN_ATTEMPTS = 2
"""Without a pause between them: then others wait for the event loop."""
OPEN_WAIT_SECONDS = 0.05
CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
COMPANIONS = ("", "-wal", "-shm")
Row = tuple[Any, ...]
T = TypeVar("T")

log = logging.getLogger("jmcp")


class StateFile:
    """An open state file of the newest schema, mode 0600; shared with other processes safely.
    `migrations` make its schema, by default that of sessions and the change journal.

    A corrupt file is set aside beside it, which is logged, and a fresh one made. Raises
    StateUnavailable where it cannot be opened, and from every method. Opening it waits for others
    that open it at once, so that belongs before the event loop has anything else to do.
    """

    def __init__(
        self,
        path: Path,
        *,
        migrations: Migrations | None = None,
        busy_seconds: float = BUSY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        unavailable: type[StateUnavailable] = StateUnavailable,
    ) -> None:
        self.unavailable = unavailable
        self.path = path
        self._migrations = MIGRATIONS if migrations is None else migrations
        self._busy_seconds = busy_seconds
        self._patience_seconds = patience_seconds
        self._asking_again = asyncio.Lock()
        self._in_transaction = False
        self._inode = 0
        self._writes = 0
        self._checkpoint: threading.Thread | None = None
        self._connection = self._open(OPEN_ATTEMPTS)

    async def patiently(self, action: Callable[[], T]) -> T:
        """What `action` returns, which is called again for as long as another process holds the file,
        `patience_seconds` at most. It must do all or nothing each time.

        Of many that wait one asks, so that the event loop waits for none.
        """
        if not self._asking_again.locked():
            try:
                return action()
            except StateUnavailable as error:
                if not _is_busy(error):
                    raise
        try:
            async with asyncio.timeout(self._patience_seconds), self._asking_again:
                while True:
                    try:
                        return action()
                    except StateUnavailable as error:
                        if not _is_busy(error):
                            raise
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise self._locked() from None

    def all(self, sql: str, *values: Any) -> list[Row]:
        """The rows of one statement."""
        return self._guarded(lambda: self._connection.execute(sql, values).fetchall())

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row of one statement."""
        return self._guarded(
            lambda: cast("Row | None", self._connection.execute(sql, values).fetchone())
        )

    def change(self, sql: str, *values: Any) -> int:
        """How many rows one statement changed; on disk as far as the operating system goes."""
        changed = self._guarded(lambda: self._connection.execute(sql, values).rowcount)
        self._written()
        return changed

    def insert(self, sql: str, *values: Any) -> int:
        """Insert one row; returns its row id."""
        row_id = self._guarded(lambda: self._connection.execute(sql, values).lastrowid)
        self._written()
        return row_id or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what happens inside."""
        self.change("BEGIN IMMEDIATE")
        self._in_transaction = True
        try:
            yield
            self.change("COMMIT")
        except BaseException:
            # After some errors (a full disk) SQLite has rolled back already.
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    def close(self) -> None:
        """Bring the log into the file, which may wait for the disk. Idempotent."""
        if self._checkpoint is not None:
            self._checkpoint.join(CLOSE_SECONDS)
        self._connection.close()

    def _written(self) -> None:
        """Bring the log into the file now and then, in a thread: that waits for the disk."""
        self._writes += 1
        if self._writes < WRITES_PER_CHECKPOINT:
            return
        if self._checkpoint is None or not self._checkpoint.is_alive():
            self._writes = 0
            self._checkpoint = threading.Thread(
                target=bring_in_log, args=(self.path,), name="jmcp-checkpoint", daemon=True
            )
            self._checkpoint.start()

    # -- opening and healing -------------------------------------------------------------------

    def _guarded(self, action: Callable[[], T]) -> T:
        if not self._in_transaction and self._moved():
            # Another process set the file aside, or somebody deleted it: nobody would ever read
            # again what SQLite goes on writing there.
            self._connection.close()
            self._connection = self._open()
        try:
            return action()
        except sqlite3.Error as error:
            if result_code(error) not in CORRUPT:
                raise self._failed(error) from error
            self._connection.close()
            self._set_aside(error)
            self._connection = self._open()
            if self._in_transaction:
                raise self._failed(error) from error
        try:
            return action()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> StateUnavailable:
        if result_code(error) in BUSY:
            return self._locked()
        return self.unavailable.unusable(file=self.path.name, reason=str(error))

    def _locked(self) -> StateUnavailable:
        return self.unavailable.locked(file=self.path.name)

    def _moved(self) -> bool:
        try:
            return os.stat(self.path).st_ino != self._inode
        except FileNotFoundError:
            return True
        except OSError:  # SQLite will say what is wrong
            return False

    def _open(self, attempts: int = REOPEN_ATTEMPTS) -> sqlite3.Connection:
        try:
            return self._opened(attempts)
        except StateUnavailable:
            self._inode = 0  # the next statement opens it again
            raise

    def _opened(self, attempts: int) -> sqlite3.Connection:
        failure = sqlite3.Error()
        for attempt in range(attempts):
            if attempt > 1:
                # Several processes that open a new file at once get in each other's way.
                time.sleep(OPEN_WAIT_SECONDS)
            try:
                return self._connected()
            except sqlite3.Error as error:
                failure = error
                if result_code(error) in CORRUPT:
                    self._set_aside(error)
                elif result_code(error) not in BUSY:
                    break
            except OSError as error:
                reason = str(error.strerror)
                raise self.unavailable.unusable(file=self.path.name, reason=reason) from error
        raise self._failed(failure) from failure

    def _connected(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Made here and not by SQLite, so that nobody else can ever read it; -wal and -shm follow.
        # One that is there is not opened: closing it again would release this process's locks.
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._inode = os.stat(self.path).st_ino
        return connect(
            self.path,
            self._migrations,
            busy_seconds=self._busy_seconds,
            unavailable=self.unavailable,
        )

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Rename the corrupt file, unless another process has done that already."""
        if self._moved():
            return
        aside = self.path.with_name(f"{self.path.name}.corrupt-{time.time_ns()}")
        for companion in COMPANIONS:
            with suppress(FileNotFoundError):
                os.rename(f"{self.path}{companion}", f"{aside}{companion}")
        log.error(
            "jmcp's state file %s is corrupt (%s). It was set aside as %s, and a fresh one made: "
            "sessions and unsaved changes that it held are not known any more.",
            self.path,
            error,
            aside.name,
        )


def result_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where there is none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _is_busy(error: StateUnavailable) -> bool:
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and result_code(cause) in BUSY
