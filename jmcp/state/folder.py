"""The stores that outlive a process: opened in a folder for each place, in Redis, or in memory."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

from jupyter_core.paths import jupyter_data_dir

from jmcp.core.editing.owners import Instance, Owners
from jmcp.core.errors import ServeError, StateUnavailable
from jmcp.core.journal.entries import Journal
from jmcp.core.sessions.records import Store
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.owners_file import OwnerFile
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from jmcp.installation import adding
from jmcp_api.backend_errors import StateUnavailable as Unavailable
from jmcp_api.backend_errors import WriteRefused

CHECK_SECONDS = 5.0
"""A Redis has so long to answer when a server starts."""
HUB_USER = "JUPYTERHUB_USER"
HUB_SERVER = "JUPYTERHUB_SERVER_NAME"
"""Variables that a JupyterHub sets for each single-user server; the name of the default one is empty."""
log = logging.getLogger("jmcp")


def state_folder(place: str) -> Path:
    """The folder of what jmcp keeps about a place, which is a root directory or a server's URL."""
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(jupyter_data_dir()) / "jmcp" / name


def open_stores(
    folder: Path, *, store: str = "sqlite", idle_hours: float = 24
) -> tuple[Store, Journal]:
    """Sessions and the change journal of that folder; the store's `close` closes both.

    `store` and `idle_hours` are the settings. Redis keeps the sessions only; `memory` keeps both.
    Where the folder cannot be written, both are in memory and that is logged. Raises ServeError.
    """
    if store == "memory":
        return MemoryStore(), MemoryJournal()
    with ExitStack() as opened:  # closed again unless all of it is
        made, journal = _on_disk(folder, opened)
        if store != "sqlite":
            made = redis_store(store, folder, idle_hours=idle_hours, local=made)
        opened.pop_all()
    return made, journal


def open_owners(root: str, address: str) -> Owners | None:
    """Who edits which notebook, among the processes with documents of that root directory.

    `address` is this server's URL. None where that cannot be written down, which is logged.
    """
    here = Instance(root=root, address=address, pid=os.getpid())
    try:
        return OwnerFile(
            Path(jupyter_data_dir()) / "jmcp",
            here,
            owned=WriteRefused.owned,
            unavailable=Unavailable,
        )
    except StateUnavailable as error:
        log.warning("Another jmcp on the same notebooks would not be noticed: %s", error.message)
        return None


def redis_place(folder: Path, variables: Mapping[str, str]) -> str:
    """What the records of that folder's place are kept under in Redis.

    On a JupyterHub the user's name and the server's come first (`user:alice::`): all users have the
    same folder in their containers, and may have the same owner of sessions. Names are encoded, so
    that none holds a colon, or a character that has a meaning in the patterns of Redis's access lists.
    """
    user = variables.get(HUB_USER)
    if not user:
        return folder.name
    server = variables.get(HUB_SERVER, "")
    return f"user:{quote(user, safe='')}:{quote(server, safe='')}:{folder.name}"


def redis_store(url: str, folder: Path, *, idle_hours: float, local: Store) -> Store:
    """The sessions of that folder's place in Redis. Raises ServeError."""
    _check_installed()
    from jmcp.core.stores.redis import RedisStore

    try:
        return RedisStore(
            url,
            place=redis_place(folder, os.environ),
            idle_hours=idle_hours,
            local=local,
            unavailable=Unavailable,
        )
    except ValueError:
        # Not the text of the error, which may hold the password.
        raise ServeError("the store is not the URL of a Redis, as in redis://HOST:6379/0") from None


def check_store(store: str) -> None:
    """Raises ServeError for a Redis that does not answer. Called before anything is started."""
    if store in ("sqlite", "memory"):
        return
    _check_installed()
    from redis import AuthenticationError, Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    seconds = {"socket_timeout": CHECK_SECONDS, "socket_connect_timeout": CHECK_SECONDS}
    try:
        with Redis.from_url(store, retry=Retry(NoBackoff(), 0), **seconds) as redis:
            redis.ping()
    except ValueError:
        raise ServeError("the store is not the URL of a Redis, as in redis://HOST:6379/0") from None
    except AuthenticationError:
        raise ServeError(f"the Redis at {without_password(store)} refuses the password") from None
    except (RedisError, OSError) as error:
        raise ServeError(
            f"the Redis at {without_password(store)} does not answer ({type(error).__name__}); start it, or "
            "choose another store with --store"
        ) from None


def _on_disk(folder: Path, opened: ExitStack) -> tuple[Store, Journal]:
    """What has to be closed again is in `opened`, from the first thing that is open."""
    try:
        with ExitStack() as files:
            state = StateFile(folder / "state.db", unavailable=Unavailable)
            files.callback(state.close)
            lock = InstanceLock(folder, unavailable=Unavailable)
            files.callback(lock.close)
            made = SqliteStore(state, lock), SqliteJournal(state, lock)
            opened.push(files.pop_all())
            return made
    except StateUnavailable as error:
        log.warning(
            "Sessions and unsaved edits will not survive a restart: jmcp keeps them in memory, for "
            "%s (in %s).",
            error.message,
            folder,
        )
        return MemoryStore(), MemoryJournal()


def _check_installed() -> None:
    if find_spec("redis") is None:
        raise ServeError(
            f"a store in Redis needs the package redis, not installed: {adding('redis')}"
        )


def without_password(url: str) -> str:
    """The host and port of a URL, or its path."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or parts.path
