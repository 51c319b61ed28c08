"""The composition root outside of Jupyter: imported once a server was found to work on."""

from __future__ import annotations

from jmcp import app
from jmcp.runtime.dispatch import Dispatcher
from jmcp.settings import Settings
from jmcp_handlers.documents.remote import RemoteDocuments
from jmcp_handlers.jupyter_api import JupyterApi
from jmcp_handlers.kernels.remote import RemoteKernels


def remote(documents: JupyterApi, kernels: JupyterApi, settings: Settings) -> Dispatcher:
    """On Jupyter Servers elsewhere: the same one twice, or one for each."""
    place = documents.url
    return app.build(
        RemoteDocuments(documents), RemoteKernels(kernels), place=place, settings=settings
    )
