"""What outlives a process, as the composition root has it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from jmcp.runtime.stores.changes import MemoryJournal, SqliteJournal
from jmcp.runtime.stores.memory import MemoryStore
from jmcp.runtime.stores.sqlite import SqliteStore
from jmcp.state import kept_in, state_folder
from tests.stores.conftest import record


async def test_a_place_has_its_own_folder_in_jupyter_s_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    folder = state_folder("/srv/a")
    assert folder.parent == tmp_path / "jmcp"
    assert folder != state_folder("/srv/b")
    store, journal = kept_in(folder)
    assert isinstance(store, SqliteStore)
    assert isinstance(journal, SqliteJournal)
    await store.put(record())
    await store.close()
    again, _ = kept_in(state_folder("/srv/a"))
    assert await again.get("alice", "s1") == record()
    await again.close()


def test_where_nothing_can_be_written_memory_will_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("jmcp"), "parent", logging.getLogger())
    (tmp_path / "file").write_text("")
    store, journal = kept_in(tmp_path / "file" / "folder")
    assert isinstance(store, MemoryStore)
    assert isinstance(journal, MemoryJournal)
    assert "will not survive a restart" in caplog.text
