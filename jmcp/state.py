"""What outlives a process of jmcp: where it is, and what it is when it cannot be there."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from jmcp.runtime.journal import Journal
from jmcp.runtime.store import Store
from jmcp.runtime.stores.changes import MemoryJournal, SqliteJournal
from jmcp.runtime.stores.memory import MemoryStore
from jmcp.runtime.stores.presence import Presence
from jmcp.runtime.stores.sqlite import SqliteStore
from jmcp.runtime.stores.statefile import StateFile, StateUnavailable

log = logging.getLogger("jmcp")


def state_folder(place: str) -> Path:
    """The folder for what jmcp keeps about one place: a root directory, or a server's URL."""
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(jupyter_data_dir()) / "jmcp" / name


def kept_in(folder: Path) -> tuple[Store, Journal]:
    """Sessions and the change journal of that folder; the store's `close` closes both.

    Where nothing can be written they are in memory, which is logged.
    """
    try:
        state = StateFile(folder / "state.db")
        return SqliteStore(state, Presence(folder)), SqliteJournal(state)
    except StateUnavailable as error:
        log.warning("Sessions and unsaved edits will not survive a restart: %s", error.message)
        return MemoryStore(), MemoryJournal()
