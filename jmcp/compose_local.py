"""The composition root inside Jupyter: one server's documents, its kernels, its URL path."""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp
from starlette.applications import Starlette

from jmcp import compose
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.options.settings import MIB, Settings
from jmcp.transport.site import drain, site
from jmcp_jupyter.documents.local import collaboration
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.kernels.local.kernels import LocalKernels

CALLS_SECONDS = 3.0
"""How long calls under way may take to end when Jupyter stops. Kernels go on meanwhile."""


def local(serverapp: ServerApp, settings: Settings) -> Dispatcher:
    """On the Jupyter Server of this process."""
    documents = LocalDocuments(
        serverapp,
        max_bytes=settings.max_notebook_mib * MIB,
        allow_hidden=settings.allow_hidden,
    )
    kernels = LocalKernels(serverapp)
    return compose.build(documents, kernels, place=serverapp.root_dir, settings=settings)


async def prepared(serverapp: ServerApp) -> None:
    """Have what rooms share ready, for browser tabs too, before many of them open together."""
    extension = collaboration.extension_of(serverapp)
    if extension is not None:
        await collaboration.ready(extension, serverapp.log)


async def drained(made: Starlette) -> None:
    """Answer the calls under way, before Jupyter ends the kernels that they wait for."""
    await drain(made, CALLS_SECONDS)


def site_of(serverapp: ServerApp, *, toolsets: tuple[str, ...], settings: Settings) -> Starlette:
    """All HTTP surfaces, for the extension to serve."""
    base = serverapp.base_url.rstrip("/")
    return site(
        local(serverapp, settings),
        version=compose.VERSION,
        base=base,
        toolsets=toolsets,
        permissions=compose.permissions(settings),
        listed=settings.origins,
        max_body_bytes=settings.max_request_mib * MIB,
    )
