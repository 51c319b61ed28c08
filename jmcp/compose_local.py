"""The composition root inside Jupyter: one server's documents, its kernels, its URL path."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

from jupyter_server.serverapp import ServerApp
from starlette.applications import Starlette

from jmcp import compose
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.errors import ServeError
from jmcp.core.pages.pages import Pages
from jmcp.options.settings import MIB, Settings
from jmcp.state.folder import open_owners, state_folder
from jmcp.transport.entry.entry import Entry
from jmcp.transport.site import drain, site
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.documents.local.rooms import collaboration
from jmcp_jupyter.documents.local.tabs import ways
from jmcp_jupyter.kernels.local import server_memory
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.lab.local import LocalLabPages

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

log = logging.getLogger("jmcp")

CALLS_SECONDS = 3.0
"""Calls under way may take so long to end when Jupyter stops; kernels still run then."""


def local_dispatcher(
    serverapp: ServerApp,
    settings: Settings,
    first_caller: Caller | None = None,
    pages: Pages | None = None,
) -> Dispatcher:
    """A dispatcher on the Jupyter Server of this process."""
    documents = LocalDocuments(
        serverapp,
        max_bytes=settings.max_notebook_mib * MIB,
        allow_hidden=settings.allow_hidden,
        shares_with_pages=not settings.read_only,
    )
    kernels = LocalKernels(serverapp)
    root = serverapp.root_dir
    owners = None if settings.read_only else open_owners(root, serverapp.connection_url)
    for other in owners.others() if owners is not None else ():
        log.warning(
            "Another jmcp serves %s (process %d, %s). While one of the two edits a notebook, the "
            "other one refuses to. Stop one of them, or use one of them for each notebook.",
            other.root,
            other.pid,
            other.address,
        )
    lab = LocalLabPages(serverapp, external_url=settings.external_url, variables=os.environ)
    return compose.build(
        documents,
        kernels,
        place=root,
        settings=settings,
        lab=lab,
        pages=pages,
        owners=owners,
        first_caller=first_caller,
        memory=server_memory.measure(os.environ),
    )


async def prepare(serverapp: ServerApp) -> None:
    """Start what all rooms share before many are opened together, by browser tabs or by calls, and
    import the toolsets of other packages, of which nobody knows what that takes."""
    extension = collaboration.extension_of(serverapp)
    if extension is not None:
        # JupyterLab's collaboration has a place for its own store.
        ours = ways.way_of(serverapp, extension, ours=True) == "jmcp"
        folder = state_folder(serverapp.root_dir) if ours else None
        await collaboration.ready(extension, serverapp.log, folder)
    await asyncio.to_thread(compose.served_api)


async def show_collaborators(
    serverapp: ServerApp, pages: Pages, dispatcher: Dispatcher, caller: Caller
) -> None:
    """Show sessions among the users of jupyter-collaboration, where that is."""
    extension = collaboration.extension_of(serverapp)
    if extension is not None:
        # pycrdt is there only where collaboration is installed.
        from jmcp_jupyter.lab.collaborators import Collaborators

        await Collaborators(extension).run(pages, dispatcher.person, caller)


async def drain_calls(site_: Starlette) -> None:
    """Answer the calls under way, before Jupyter ends the kernels that they wait for."""
    await drain(site_, CALLS_SECONDS)


async def jupyter_site(
    serverapp: ServerApp,
    *,
    toolsets: tuple[str, ...],
    settings: Settings,
    first_caller: Caller,
    entry: Entry,
    pages: Pages,
    oauth: ResourceServer | None = None,
) -> Starlette:
    """All HTTP surfaces, to be served by the extension, which looks at tokens itself. Raises ServeError for an unknown toolset,
    and for a store that cannot be opened."""
    dispatcher = local_dispatcher(serverapp, settings, first_caller, pages)
    try:
        made = site(
            dispatcher,
            version=compose.VERSION,
            base=serverapp.base_url.rstrip("/"),
            toolsets=toolsets,
            permissions=compose.permissions(settings),
            cors_origins=settings.origins,
            max_body_bytes=settings.max_request_mib * MIB,
            mcp_sessions=settings.mcp_sessions,
            structured=settings.structured,
            entry=entry,
            oauth=oauth,
            external_url=settings.external_url,
            frame_ancestors=settings.frame_ancestors,
            traced=settings.traces,
        )
        made.state.shared = None if settings.read_only else dispatcher.documents
    except ValueError as error:
        await dispatcher.close()
        raise ServeError(str(error)) from error
    except BaseException:
        await dispatcher.close()
        raise
    return made
