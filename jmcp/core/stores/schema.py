"""The tables of the state files. A migration that was released is never changed: add another one.

`PRAGMA user_version` counts the migrations that a file has had.
"""

from __future__ import annotations

Migrations = tuple[tuple[str, ...], ...]

MIGRATIONS: Migrations = (
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
    (
        # Who holds a notebook, or has a private kernel, without reading every session.
        """CREATE TABLE holdings (
            owner TEXT NOT NULL,
            session_id TEXT NOT NULL,
            holding TEXT NOT NULL,
            PRIMARY KEY (owner, session_id, holding)
        ) WITHOUT ROWID""",
        "CREATE INDEX holdings_by_name ON holdings (holding)",
        # Ten microseconds for each refresh; counting ten thousand sessions took as many
        # milliseconds, in which nothing else was done.
        "CREATE INDEX sessions_by_access ON sessions (last_accessed)",
        """INSERT OR IGNORE INTO holdings
            SELECT owner, session_id, json_extract(notebook.value, '$.key')
            FROM sessions, json_each(
                CASE WHEN json_valid(data) THEN data ELSE '{"notebooks": []}' END,
                '$.notebooks'
            ) AS notebook
            WHERE CASE notebook.type
                WHEN 'object' THEN json_type(notebook.value, '$.key') = 'text' END""",
    ),
)

OWNER_MIGRATIONS: Migrations = (
    (
        """CREATE TABLE instances (
            process TEXT PRIMARY KEY,
            root TEXT NOT NULL,
            address TEXT NOT NULL,
            pid INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE owners (
            file TEXT PRIMARY KEY,
            process TEXT NOT NULL
        ) WITHOUT ROWID""",
    ),
)
"""Of the file that says who edits which notebook."""
