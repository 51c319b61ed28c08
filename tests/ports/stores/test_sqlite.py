"""What is particular to the state file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jmcp.core.errors import BackendError, StateUnavailable
from jmcp.core.stores import schema, state_file
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from jmcp_api.backend_errors import StateUnavailable as Unavailable
from tests.ports.stores.conftest import record, run

SECONDS = 120
"""More than any of the processes here takes."""

WRITER = """
import asyncio, sys
from pathlib import Path
from dataclasses import replace
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.ports.stores.conftest import record

async def main(path, name, count):
    store = SqliteStore(StateFile(Path(path)))
    for number in range(int(count)):
        await store.put(record(f"{name}-{number}"))
        await store.touch("alice", f"{name}-{number}", 5.0)
        print(number, flush=True)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    log = logging.getLogger("jmcp")
    parent, log.parent = log.parent, logging.getLogger()
    yield caplog
    log.parent = parent


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def damage(path: Path, how: str) -> bytes:
    """Damage a file in place; returns what it holds then."""
    whole = path.read_bytes()
    if how == "torn":
        damaged = whole[:4096] + os.urandom(len(whole) - 4096)
    else:
        damaged = b"not a database, whatever it says" * (len(whole) // 32)
    path.write_bytes(damaged)
    return damaged


async def test_a_record_survives_a_restart(path: Path) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    await store.put_run(run("x"))
    await store.close()
    store = SqliteStore(StateFile(path))
    assert await store.get("alice", "s1") == record()
    assert await store.runs() == [run("x")]
    await store.close()


async def test_what_was_put_survives_kill_9(path: Path) -> None:
    process = writer(path, "w", 1_000_000)
    assert process.stdout is not None
    for _ in range(200):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait(SECONDS)
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    whole = [int(line) for line in rest[:-1]]
    last = max([last, *whole])
    store = SqliteStore(StateFile(path))
    for number in range(last + 1):
        assert await store.get("alice", f"w-{number}") == record(f"w-{number}", at=5.0)
    await store.close()


async def test_processes_write_one_new_file_at_once(path: Path) -> None:
    running = [writer(path, f"w{number}", 100) for number in range(4)]
    for process in running:
        process.communicate(timeout=SECONDS)
        assert process.returncode == 0
    store = SqliteStore(StateFile(path))
    assert len(await store.of_owner("alice")) == 400
    await store.close()


async def test_nobody_else_can_read_it(path: Path) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    files = list(path.parent.iterdir())
    assert {found.name for found in files} == {"state.db", "state.db-wal", "state.db-shm"}
    assert {stat.S_IMODE(found.stat().st_mode) for found in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.close()


@pytest.mark.parametrize("how", ["no database", "torn"])
async def test_a_corrupt_file_is_set_aside(
    path: Path, how: str, messages: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(StateFile(path))
    for number in range(200):
        await store.put(record(f"s{number}"))
    await store.close()
    damaged = damage(path, how)
    store = SqliteStore(StateFile(path))
    assert "is corrupt" in messages.text
    assert await store.of_owner("alice") == []
    await store.put(record())
    assert await store.get("alice", "s1") == record()
    (aside,) = path.parent.glob("*.corrupt-*")
    assert aside.read_bytes() == damaged
    await store.close()


async def test_a_file_that_becomes_corrupt_is_replaced_while_it_is_in_use(
    path: Path, messages: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(StateFile(path))
    for number in range(200):
        await store.put(record(f"s{number}"))
    assert store._state.one("PRAGMA wal_checkpoint(TRUNCATE)") is not None
    damage(path, "torn")
    other = sqlite3.connect(path)  # a change by another process drops this one's cache
    other.execute("PRAGMA user_version=1")
    other.close()
    assert await store.of_owner("alice") == []
    assert "is corrupt" in messages.text
    await store.put(record())
    assert await store.get("alice", "s1") == record()
    await store.close()


async def test_a_file_that_was_deleted_is_made_anew(path: Path) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    for found in path.parent.iterdir():
        found.unlink()
    await store.put(record("s2"))
    again = SqliteStore(StateFile(path))
    assert await again.get("alice", "s2") == record("s2")
    await again.close()
    await store.close()


async def test_a_full_disk_is_a_clear_error_and_no_damage(path: Path) -> None:
    state = StateFile(path, unavailable=Unavailable)
    store = SqliteStore(state)
    await store.put(record())
    (pages,) = state.one("PRAGMA page_count") or (0,)
    state.one(f"PRAGMA max_page_count={pages}")

    async def fill() -> None:
        for number in range(1000):
            await store.put(record(f"filler-{number}"))

    with pytest.raises(StateUnavailable, match=r"state\.db cannot be used: .*full"):
        await fill()
    state.one("PRAGMA max_page_count=1000000")
    await store.put(record("s2"))
    assert await store.get("alice", "s1") == record()
    await store.close()


HOLDER = """
import asyncio, sys
from pathlib import Path
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.ports.stores.conftest import run

path = Path(sys.argv[1])
store = SqliteStore(StateFile(path), InstanceLock(path.parent))
asyncio.run(store.put_run(run("x")))
print("ready", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


async def test_runs_of_a_living_process_are_its_own(path: Path) -> None:
    mine = SqliteStore(StateFile(path), InstanceLock(path.parent))
    later = SqliteStore(StateFile(path), InstanceLock(path.parent))
    with holder(path) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert await mine.runs() == []
        other.kill()
        other.wait(SECONDS)
    assert await mine.runs() == [run("x")]
    assert await mine.runs() == [run("x")]
    assert await later.runs() == [], "one inherits, not all"
    await later.close()
    await mine.close()
    assert not list(path.parent.glob("*.alive"))


def test_the_error_is_one_that_callers_are_told() -> None:
    assert issubclass(StateUnavailable, BackendError)


async def test_a_read_only_file_is_a_clear_error(path: Path) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    store._state.one("PRAGMA query_only=1")  # what root meets instead of a file's mode
    with pytest.raises(StateUnavailable, match="readonly"):
        await store.put(record("s2"))
    assert await store.get("alice", "s1") == record()
    await store.close()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnavailable, match=r"state\.db cannot be used: "):
        StateFile(tmp_path / "file" / "state.db", unavailable=Unavailable)


@pytest.fixture
def lock(path: Path) -> Iterator[sqlite3.Connection]:
    """What another process does with the file: `BEGIN IMMEDIATE` takes its lock."""
    StateFile(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    yield other
    other.close()


class LoopWatch:
    """How long the event loop was not asked for anything else, at most, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.monotonic() - before)


async def test_another_process_that_holds_the_file_is_waited_for_within_a_bound(
    path: Path, lock: sqlite3.Connection
) -> None:
    store = SqliteStore(StateFile(path, patience_seconds=0.1, unavailable=Unavailable))
    lock.execute("BEGIN IMMEDIATE")
    refused = await asyncio.gather(
        *(store.put(record(f"s{number}")) for number in range(20)), return_exceptions=True
    )
    assert {str(error) for error in refused} == {
        "the state file state.db is locked by another program"
    }
    assert await store.of_owner("alice") == []  # reading goes on
    lock.execute("ROLLBACK")
    await store.put(record())
    await store.close()


async def test_the_event_loop_waits_for_no_other_process(
    path: Path, lock: sqlite3.Connection
) -> None:
    store = SqliteStore(StateFile(path))
    lock.execute("BEGIN IMMEDIATE")
    watch = LoopWatch()
    watching = asyncio.create_task(watch.run())
    asyncio.get_running_loop().call_later(0.5, lock.execute, "ROLLBACK")
    await asyncio.gather(*(store.put(record(f"s{number}")) for number in range(50)))
    watching.cancel()
    assert watch.longest < 0.25
    assert await store.count(0) == 50
    await store.close()


async def test_what_is_given_up_waiting_was_not_written(
    path: Path, lock: sqlite3.Connection
) -> None:
    store = SqliteStore(StateFile(path))
    lock.execute("BEGIN IMMEDIATE")
    putting = asyncio.create_task(store.put(record()))
    await asyncio.sleep(0)
    putting.cancel()
    lock.execute("ROLLBACK")
    await asyncio.wait({putting})
    assert putting.cancelled()
    assert await store.get("alice", "s1") is None
    await store.close()


async def test_a_file_that_cannot_be_opened_again_is_opened_later(
    path: Path, lock: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    store = SqliteStore(StateFile(path, patience_seconds=0.05))
    os.rename(path, f"{path}.moved")
    os.mkdir(path)  # what opens as no file
    with pytest.raises(StateUnavailable, match="unusable"):
        await store.put(record())
    os.rmdir(path)
    await store.put(record())
    assert await store.get("alice", "s1") == record()
    assert slept == [], "the event loop slept"
    await store.close()


VISITOR = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM sessions").fetchone()[0])
connection.close()
"""


def visit(path: Path) -> str:
    """What another process finds that opens the file and closes it again."""
    command = [sys.executable, "-c", VISITOR, str(path)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=True
    ).stdout.strip()


async def test_opening_a_file_again_leaves_the_locks_that_this_process_has_of_it(
    path: Path,
) -> None:
    """Without its lock, the next process that closes the file takes itself for the last one and
    deletes the log that this process goes on writing to."""
    store = SqliteStore(StateFile(path))
    again = SqliteStore(StateFile(path))
    for number in range(2):
        await store.put(record(f"s{number}"))
        assert await asyncio.to_thread(visit, path) == str(number + 1)
    await again.close()
    await store.close()


def test_a_file_of_a_later_version_is_refused_and_left_alone(path: Path) -> None:
    StateFile(path).close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version=99")
    later.close()
    before = path.read_bytes()
    with pytest.raises(StateUnavailable, match="later version"):
        StateFile(path, unavailable=Unavailable)
    assert path.read_bytes() == before


async def test_an_older_file_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    await store.close()
    more = (*schema.MIGRATIONS, ("CREATE TABLE later (x)", "INSERT INTO later VALUES (1)"))
    monkeypatch.setattr(state_file, "MIGRATIONS", more)
    store = SqliteStore(StateFile(path))
    assert store._state.one("SELECT x FROM later") == (1,)
    assert store._state.one("PRAGMA user_version") == (len(more),)
    assert await store.get("alice", "s1") == record()
    await store.close()


async def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    StateFile(path).close()
    more = (*schema.MIGRATIONS, ("CREATE TABLE later (x)", "NO SQL"))
    monkeypatch.setattr(state_file, "MIGRATIONS", more)
    with pytest.raises(StateUnavailable):
        StateFile(path)
    monkeypatch.undo()
    state = StateFile(path)
    assert state.all("SELECT name FROM sqlite_master WHERE name = 'later'") == []
    state.close()


async def test_fields_of_other_versions_do_no_harm(path: Path) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    (text,) = store._state.one("SELECT data FROM sessions") or ("",)
    data = json.loads(text)
    data["unheard_of"] = data["notebooks"][0]["unheard_of"] = {"x": 1}
    del data["connection"], data["notebooks"][0]["generation"]
    store._state.change("UPDATE sessions SET data = ?", json.dumps(data))
    found = await store.get("alice", "s1")
    assert found is not None
    assert found.connection is None
    assert [held.generation for held in found.notebooks.values()] == [None, 1, None]
    await store.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"v": 2}', '{"v": 1}', '{"v": "x"}'])
async def test_a_record_that_cannot_be_read_is_no_record(
    path: Path, text: str, messages: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore(StateFile(path))
    await store.put(record())
    await store.put(record("s2"))
    store._state.change("UPDATE sessions SET data = ? WHERE session_id = 's1'", text)
    assert await store.get("alice", "s1") is None
    assert await store.of_owner("alice") == [record("s2")]
    assert "session record" in messages.text
    await store.close()
