"""The collaboration extension of a Jupyter Server, and the store that all its rooms share."""

from __future__ import annotations

import asyncio
from logging import Logger
from typing import Any

EXTENSION = "jupyter_server_ydoc"
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
    configure(extension)
    store_class = extension.ystore_class
    if store_class.preparing is None:
        store_class.preparing = asyncio.create_task(_prepare(store_class, log))
    await asyncio.shield(store_class.preparing)


def configure(extension: Any) -> None:
    """Make rooms opened through `get_document` keep their updates where the server's others do.

    It makes its stores without the server's configuration: in the working directory, whatever
    `db_path` says. The websocket handlers do configure theirs.
    """
    store_class, config = extension.ystore_class, extension.config
    if hasattr(store_class, "preparing"):
        return

    class ConfiguredStore(store_class):  # type: ignore[misc,valid-type]  # a class chosen at run time
        preparing: asyncio.Task[None] | None = None

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**{"config": config, **kwargs})

    # Configuration names a class and its bases; this one has the section of the base.
    extension.ystore_class = ConfiguredStore


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
