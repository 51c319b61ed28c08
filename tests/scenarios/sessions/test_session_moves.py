"""`jmcp sessions migrate`, `backup` and `restore`, on the command line."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from jmcp.core.journal.entries import Entry, Journal
from jmcp.core.sessions.records import Store
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.state.folder import open_stores, state_folder
from tests.command_line import jmcp
from tests.ports.stores.conftest import record, run
from tests.ports.stores.redis_server import redis_server

PASSWORD = "do-not-tell-anyone"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of what `jmcp` serves in `tmp_path`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "JUPYTER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return state_folder(str(tmp_path))


@contextmanager
def stores(folder: Path, store: str = "sqlite") -> Iterator[tuple[Store, Journal]]:
    """As a server has them."""
    made, journal = open_stores(folder, store=store)
    try:
        yield made, journal
    finally:
        asyncio.run(made.close())


def entry(cell_id: str) -> Entry:
    return Entry(
        key="k",
        path="a.ipynb",
        change="insert",
        cell_id=cell_id,
        at=time.time(),
        server_session="s",
        loaded="l",
        process="p",
    )


def sessions_of(home: Path, store: str = "sqlite") -> list[Any]:
    listed = jmcp(home, "sessions", "list", "--json", variables={"JMCP_STORE": store})
    assert listed.returncode == 0, listed.stderr
    found: list[Any] = json.loads(listed.stdout)
    return found


def test_to_redis_and_back_beside_the_runs_and_the_journal(folder: Path, tmp_path: Path) -> None:
    with redis_server(tmp_path, password=PASSWORD) as url, stores(folder) as (store, journal):
        asyncio.run(store.put(record("abcdef", at=time.time())))
        asyncio.run(store.put_run(run("r1")))
        journal.append([entry("c1")])
        variables = {"JMCP_STORE": url}
        migrate = ("sessions", "migrate", "sqlite", "redis")
        refused = jmcp(tmp_path, *migrate, variables=variables)
        assert refused.returncode == 1
        assert f"a jmcp uses the state of {tmp_path}; stop it" in refused.stderr
        asyncio.run(store.close())

        shown = jmcp(tmp_path, "sessions", "migrate", "sqlite", url)
        assert "give it as the variable JMCP_STORE, and say redis here" in shown.stderr
        assert PASSWORD not in shown.stderr
        tried = jmcp(tmp_path, *migrate, "--dry-run", variables=variables)
        assert "1 would be copied to Redis" in tried.stdout, tried.stderr
        assert len(sessions_of(tmp_path)) == 1
        moved = jmcp(tmp_path, *migrate, variables=variables)
        assert moved.returncode == 0, moved.stderr
        assert "1 removed from SQLite" in moved.stdout
        assert PASSWORD not in moved.stdout + tried.stdout
        assert sessions_of(tmp_path) == []
        assert len(sessions_of(tmp_path, url)) == 1
        again = jmcp(tmp_path, *migrate, variables=variables)
        assert again.stdout == "There are no sessions in SQLite.\n"

        # A server with that Redis goes on with what is a process's own.
        with stores(folder, url) as (shared, kept):
            assert [one.execution_id for one in asyncio.run(shared.runs())] == ["r1"]
            assert [one.cell_id for one in kept.entries("k")] == ["c1"]
        turned = ("sessions", "migrate", "redis", "sqlite", "--json")
        back = jmcp(tmp_path, *turned, variables=variables)
        assert json.loads(back.stdout)["removed"] == 1, back.stderr
        assert len(sessions_of(tmp_path)) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["migrate", "sqlite", "sqlite"], "FROM and TO are the same store"),
        (["migrate", "sqlite", "redis"], "which Redis? Give its address as the variable"),
        (["migrate", "memory", "sqlite"], "'memory' is no store to migrate; give sqlite, redis"),
        (["migrate", "sqlite", "redis://127.0.0.1:1/0"], "127.0.0.1:1 does not answer"),
        (["backup", "copy.db"], "there is no state to back up"),
        (["restore", "copy.db"], "there is no copy.db"),
        (["restore", "text.db"], "text.db is not a state file of jmcp, or is damaged"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    given: list[str], message: str, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "text.db").write_text("not a database, and long enough to be taken for one " * 99)
    ended = jmcp(tmp_path, "sessions", *given)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (folder / "state.db").exists()


def test_a_copy_of_a_state_in_use_is_whole_and_can_be_put_back(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "backups" / "state.db"
    with stores(folder) as (store, journal):
        asyncio.run(store.put(record("abcdef", at=time.time())))
        asyncio.run(store.put_run(run("r1")))
        journal.append([entry("c1"), entry("c2")])
        assert (folder / "state.db-wal").stat().st_size > 0  # which a copy of the file alone lacks
        made = jmcp(tmp_path, "sessions", "backup", str(copy))
        assert made.returncode == 0, made.stderr
        assert (
            "1 sessions, 1 unfinished runs and 2 journaled changes (2 of them not in" in made.stdout
        )
        # What comes later is not in it; a server that runs is not taken its state from.
        asyncio.run(store.put(record("later", at=time.time())))
        refused = jmcp(tmp_path, "sessions", "restore", str(copy))
        assert "stop it, and try again" in refused.stderr
        assert len(sessions_of(tmp_path)) == 2
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [one.name for one in copy.parent.iterdir()] == ["state.db"]

    restored = jmcp(tmp_path, "sessions", "restore", str(copy), "--json")
    assert json.loads(restored.stdout) == {"sessions": 1, "runs": 1, "changes": 2, "unsaved": 2}
    with stores(folder) as (store, journal):
        assert asyncio.run(store.get("alice", "abcdef")) is not None
        assert asyncio.run(store.get("alice", "later")) is None
        assert [one.cell_id for one in journal.entries("k")] == ["c1", "c2"]
    # What was there before is a state file too.
    [aside] = [one for one in folder.iterdir() if ".before-" in one.name]
    jmcp(tmp_path, "sessions", "restore", str(aside))
    assert len(sessions_of(tmp_path)) == 2


def test_a_copy_that_fails_leaves_the_last_one(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with stores(folder) as (store, _):
        asyncio.run(store.put(record("abcdef", at=time.time())))
        assert jmcp(tmp_path, "sessions", "backup", str(copy)).returncode == 0
        before = copy.read_bytes()
        with patch("jmcp.state.backup.os.replace", side_effect=OSError(28, "No space left")):
            failed = jmcp(tmp_path, "sessions", "backup", str(copy))
    assert "cannot be written: No space left" in failed.stderr
    assert copy.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_damaged_state_gives_way_and_stays(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with stores(folder) as (store, _):
        asyncio.run(store.put(record("abcdef", at=time.time())))
    assert jmcp(tmp_path, "sessions", "backup", str(copy)).returncode == 0
    (folder / "state.db").write_bytes(b"damaged" * 4096)
    failed = jmcp(tmp_path, "sessions", "backup", str(tmp_path / "other.db"))
    assert failed.returncode == 1
    assert not (tmp_path / "other.db").exists()
    assert jmcp(tmp_path, "sessions", "restore", str(copy)).returncode == 0
    assert len(sessions_of(tmp_path)) == 1
    [aside] = [one for one in folder.iterdir() if ".before-" in one.name]
    assert aside.read_bytes().startswith(b"damaged")


def test_two_migrations_at_once_are_one(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    lock = InstanceLock(folder)
    try:
        refused = jmcp(tmp_path, "sessions", "migrate", "sqlite", "redis://127.0.0.1:1/0")
    finally:
        lock.close()
    assert "stop it, and try again" in refused.stderr


def test_a_later_schema_is_left_alone(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.db"
    with stores(folder):
        pass
    jmcp(tmp_path, "sessions", "backup", str(later))
    connection = sqlite3.connect(later)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    refused = jmcp(tmp_path, "sessions", "restore", str(later))
    assert "is of a later version of jmcp" in refused.stderr
