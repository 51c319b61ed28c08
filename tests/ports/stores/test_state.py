"""What outlives a process, as the composition root has it."""

from __future__ import annotations

import logging
import socket
import traceback
from pathlib import Path

import pytest

from jmcp.core.errors import ServeError, StateUnavailable
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.redis import RedisStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.state import folder
from jmcp.state.folder import check_store, open_stores, state_folder
from tests.ports.stores.conftest import record, run


async def test_a_place_has_its_own_folder_in_jupyter_s_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    folder = state_folder("/srv/a")
    assert folder.parent == tmp_path / "jmcp"
    assert folder != state_folder("/srv/b")
    store, journal = open_stores(folder)
    assert isinstance(store, SqliteStore)
    assert isinstance(journal, SqliteJournal)
    await store.put(record())
    await store.close()
    again, _ = open_stores(state_folder("/srv/a"))
    assert await again.get("alice", "s1") == record()
    await again.close()


def test_where_nothing_can_be_written_memory_will_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("jmcp"), "parent", logging.getLogger())
    (tmp_path / "file").write_text("")
    store, journal = open_stores(tmp_path / "file" / "folder")
    assert isinstance(store, MemoryStore)
    assert isinstance(journal, MemoryJournal)
    assert "will not survive a restart" in caplog.text


async def test_memory_leaves_nothing_on_disk(tmp_path: Path) -> None:
    store, journal = open_stores(tmp_path / "folder", store="memory")
    assert isinstance(store, MemoryStore)
    assert isinstance(journal, MemoryJournal)
    assert not (tmp_path / "folder").exists()


async def test_redis_has_the_sessions_and_the_disk_the_rest(redis_url: str, tmp_path: Path) -> None:
    check_store(redis_url)
    store, journal = open_stores(tmp_path / "place", store=redis_url)
    assert isinstance(store, RedisStore)
    assert isinstance(journal, SqliteJournal)
    await store.put(record())
    await store.put_run(run("x"))
    await store.close()
    again, _ = open_stores(tmp_path / "place", store=redis_url)
    assert await again.get("alice", "s1") == record()
    assert await again.runs() == [run("x")]
    await again.close()
    elsewhere, _ = open_stores(tmp_path / "another", store=redis_url)
    assert await elsewhere.get("alice", "s1") is None
    await elsewhere.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("redis://ann:secret@127.0.0.1:{port}/0", "the Redis at 127.0.0.1:{port} does not answer"),
        ("unix://ann:secret@/nowhere/redis.sock", "the Redis at /nowhere/redis.sock does not"),
        ("redis://ann:secret@127.0.0.1:port/0", "not the URL of a Redis"),
    ],
)
def test_a_redis_that_is_not_there_is_told_at_start_without_its_password(
    url: str, message: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServeError, match=message.format(port=port)) as caught:
        check_store(url.format(port=port))
    assert "secret" not in "".join(traceback.format_exception(caught.value))


async def test_a_password_that_redis_refuses_is_told(redis_url: str, tmp_path: Path) -> None:
    url = redis_url.replace("//", "//nobody:secret@")
    with pytest.raises(ServeError, match="refuses the password") as caught:
        check_store(url)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    store, _ = open_stores(tmp_path / "place", store=url)
    with pytest.raises(StateUnavailable, match="does not answer") as refused:
        await store.get("alice", "s1")
    assert "secret" not in "".join(traceback.format_exception(refused.value))
    await store.close()


def test_what_redis_needs_is_named_when_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "find_spec", lambda name: None)
    for start in (check_store, lambda url: open_stores(tmp_path, store=url)):
        with pytest.raises(ServeError, match=r"pip install .*\[redis\]'"):
            start("redis://127.0.0.1/0")
