"""The tables of the state file. A migration that was released is never changed: add another one.

`PRAGMA user_version` counts the migrations that a file has had.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # `last_accessed` comes before `data` and keeps its size: SQLite then refreshes it in
        # place, without writing a long record again.
        """CREATE TABLE sessions (
            owner TEXT NOT NULL,
            session_id TEXT NOT NULL,
            last_accessed REAL NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (owner, session_id)
        )""",
        """CREATE TABLE runs (
            execution_id TEXT PRIMARY KEY,
            keeper TEXT NOT NULL,
            began REAL NOT NULL,
            data TEXT NOT NULL
        )""",
        """CREATE TABLE changes (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            notebook TEXT NOT NULL,
            state TEXT NOT NULL,
            at REAL NOT NULL,
            size INTEGER NOT NULL,
            told INTEGER NOT NULL DEFAULT 0,
            data TEXT NOT NULL
        )""",
        "CREATE INDEX changes_of_notebook ON changes (notebook, state, number)",
    ),
)
