"""The collaboration extension of a Jupyter Server, and the store that all its rooms share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from logging import Logger
from typing import Any

from jmcp.core.errors import ENDS_TASK

EXTENSION = "jupyter_server_ydoc"
CLOSE_SECONDS = 5.0
PREPARE_SECONDS = 10.0
"""Making the database takes 20 ms; another process that holds it is waited for 5 s by SQLite."""


def extension_of(serverapp: Any) -> Any | None:
    """The extension, if it was loaded."""
    apps = serverapp.extension_manager.extension_apps.get(EXTENSION) or ()
    return next((app for app in apps if hasattr(app, "ywebsocket_server")), None)


async def ready(extension: Any, log: Logger) -> None:
    """Return when rooms may be opened together. Raises nothing: a room needs no store.

    pycrdt-store (0.1.5) lets every room that opens look for the database and make it. Of two that
    do so at once, one finds the other's half: it is left without its version, or moved away under
    open rooms, and a room that meets that never opens, nor does any later one of its notebook. A
    store that is opened alone makes it whole, and repairs what such a race left behind.
    """
    _configure(extension)
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


def _configure(extension: Any) -> None:
    """Make all rooms of a server use stores that share its database, and read any number.

    `get_document` makes its stores without the server's configuration: in the working directory,
    whatever `db_path` says. The websocket handlers, which open rooms for browser tabs, have a class
    of their own.
    """
    if hasattr(extension.ystore_class, "preparing"):
        return
    # With pycrdt and jupyter_ydoc, which are there only here.
    from jmcp_jupyter.documents.local import whole_numbers
    from jmcp_jupyter.documents.local.y_store import shared

    whole_numbers.configure()
    extension.ystore_class = shared(extension.ystore_class, extension.config)
    extension.stop_extension = partial(
        _stopped, extension, extension.stop_extension, extension.ystore_class.quiet
    )
    for arguments in _arguments(extension.serverapp.web_app.default_router):
        if "ystore_class" in arguments:
            arguments["ystore_class"] = extension.ystore_class


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
