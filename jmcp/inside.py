"""The composition root inside Jupyter: one server's documents, its kernels, its URL path."""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp
from starlette.applications import Starlette

from jmcp import app
from jmcp.runtime.dispatch import Dispatcher
from jmcp.runtime.transport.site import site
from jmcp.settings import Settings
from jmcp_handlers.documents.local import LocalDocuments
from jmcp_handlers.kernels.local import LocalKernels


def local(serverapp: ServerApp, settings: Settings) -> Dispatcher:
    """On the Jupyter Server of this process."""
    documents, kernels = LocalDocuments(serverapp), LocalKernels(serverapp)
    return app.build(documents, kernels, place=serverapp.root_dir, settings=settings)


def site_of(serverapp: ServerApp, *, toolsets: tuple[str, ...], settings: Settings) -> Starlette:
    """All HTTP surfaces, for the extension to serve."""
    base = serverapp.base_url.rstrip("/")
    return site(
        local(serverapp, settings),
        version=app.VERSION,
        base=base,
        toolsets=toolsets,
        permissions=app.permissions(settings),
    )
