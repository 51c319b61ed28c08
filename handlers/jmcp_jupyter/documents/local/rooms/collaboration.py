"""The collaboration extension of a Jupyter Server, and the store that all its rooms share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from copy import deepcopy
from functools import partial
from logging import Logger
from pathlib import Path
from typing import Any

from jmcp.core.errors import ENDS_TASK

EXTENSION = "jupyter_server_ydoc"
CLOSE_SECONDS = 5.0
STORE = "ystore.db"
SESSIONS = "sessions.json"
"""As the server of `jmcp serve` has them in the same folder."""
LARGEST_STORE_MB = 256
"""Histories of rooms only save tabs that reconnect a merge; the oldest go first."""
SQUASHED_AFTER_SECONDS = 600
"""A notebook that nobody has changed for so long is stored as one update."""
PREPARE_SECONDS = 10.0
"""Making the database takes 20 ms; another process that holds it is waited for 5 s by SQLite."""


def extension_of(serverapp: Any) -> Any | None:
    """The extension, if it was loaded."""
    apps = serverapp.extension_manager.extension_apps.get(EXTENSION) or ()
    return next((app for app in apps if hasattr(app, "ywebsocket_server")), None)


async def ready(extension: Any, log: Logger, folder: Path | None = None) -> None:
    """Return when rooms may be opened together. Raises nothing: a room needs no store.

    What jupyter_server_ydoc would put into the working directory and the root is kept in `folder`, if
    one is given and nothing else is configured.

    pycrdt-store (0.1.5) lets every room that opens look for the database and make it. Of two that
    do so at once, one finds the other's half: it is left without its version, or moved away under
    open rooms, and a room that meets that never opens, nor does any later one of its notebook. A
    store that is opened alone makes it whole, and repairs what such a race left behind.
    """
    _configure(extension, folder)
    for room in list(extension.ywebsocket_server.rooms.values()):
        merge = getattr(room, "jmcp_merge", None)
        if merge is not None:  # of a room that may have been opened before
            await merge.learn()
    store_class = extension.ystore_class
    if store_class.preparing is None or store_class.preparing.cancelled():
        store_class.preparing = asyncio.create_task(_prepared(store_class, log))
    await asyncio.shield(store_class.preparing)


async def _stopped(
    extension: Any, stop: Callable[[], Awaitable[None]], quiet: Callable[[], Awaitable[None]]
) -> None:
    """Stop the extension, and return when its rooms have stored what they had.

    Jupyter ends its loop with the last extension, and a thread that is in the midst of that then keeps
    the process from ending.
    """
    await stop()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await quiet()
    except TimeoutError:
        extension.log.warning("Rooms have not stored all within %d s.", CLOSE_SECONDS)


async def _prepared(store_class: Any, log: Logger) -> None:
    """Prepare the database. After a failure the next room that opens has it tried again."""
    try:
        await _prepare(store_class, log)
    except ENDS_TASK:
        raise
    except BaseException:
        log.warning("The database of collaboration could not be prepared.", exc_info=True)
        store_class.preparing = None


def _configure(extension: Any, folder: Path | None) -> None:
    """Make all rooms of a server use stores that share its database, and read any number.

    `get_document` makes its stores without the server's configuration: in the working directory,
    whatever `db_path` says. The websocket handlers, which open rooms for browser tabs, have a class
    of their own.
    """
    if hasattr(extension.ystore_class, "preparing"):
        return
    # With pycrdt and jupyter_ydoc, which are there only here.
    from jmcp_jupyter.documents.local.files import whole_numbers
    from jmcp_jupyter.documents.local.rooms import file_merge
    from jmcp_jupyter.documents.local.rooms.y_store import shared

    whole_numbers.configure()
    file_merge.install(extension)
    config = extension.config if folder is None else _placed(extension, folder)
    extension.ystore_class = shared(extension.ystore_class, config)
    if config is not extension.config:
        extension.ystore_class.cleanup_when_db_size_above = LARGEST_STORE_MB
    extension.stop_extension = partial(
        _stopped, extension, extension.stop_extension, extension.ystore_class.quiet
    )
    for arguments in _arguments(extension.serverapp.web_app.default_router):
        if "ystore_class" in arguments:
            arguments["ystore_class"] = extension.ystore_class


def _placed(extension: Any, folder: Path) -> Any:
    """The configuration of the extension, with what is kept of rooms in that folder, and bounded."""
    store_class, config = extension.ystore_class, extension.config
    sections = [config[base.__name__] for base in store_class.__mro__ if base.__name__ in config]
    configured = next((one["db_path"] for one in sections if "db_path" in one), None)
    if hasattr(store_class, "db_path") and configured in (None, str(folder / STORE)):
        config = deepcopy(config)
        own = config[store_class.__name__]
        own.db_path = _store_in(folder, extension.log)
        own.setdefault("squash_after_inactivity_of", SQUASHED_AFTER_SECONDS)
    settings = extension.serverapp.web_app.settings
    if settings.get("collaborative_session_store_path", ...) is None:
        settings["collaborative_session_store_path"] = str(folder / SESSIONS)
    return config


def _store_in(folder: Path, log: Logger) -> str:
    """The path of a database there; one in memory where there can be none."""
    file = folder / STORE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if file.exists() and file.stat().st_size > LARGEST_STORE_MB * 2**20:
            file.unlink()
        file.touch(mode=0o600)
    except OSError as error:
        log.warning("What rooms had is not kept over a restart: %s", error)
        return ":memory:"
    return str(file)


def _arguments(router: Any) -> Iterator[dict[str, Any]]:
    """The arguments of all handlers below a router of Tornado's."""
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from _arguments(rule.target)
        elif rule.target_kwargs:
            yield rule.target_kwargs


async def _prepare(store_class: Any, log: Logger) -> None:
    store = store_class(path="", log=log)
    if not hasattr(store, "db_initialized"):
        return  # a file for each room: nothing that they share
    running = asyncio.create_task(store.start())
    made = asyncio.create_task(_made(store))
    await asyncio.wait(
        {running, made}, timeout=PREPARE_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    if not made.done():
        log.warning("The database of collaboration, %s, could not be prepared", store.db_path)
    made.cancel()
    if not running.done():
        await store.stop()
    for failed in await asyncio.gather(running, made, return_exceptions=True):
        if isinstance(failed, Exception):
            log.warning("The database of collaboration, %s: %s", store.db_path, failed)


async def _made(store: Any) -> None:
    await store.started.wait()
    await store.db_initialized.wait()
