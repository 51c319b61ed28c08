"""The composition root outside of Jupyter: imported once a server was found to work on."""

from __future__ import annotations

from jmcp import app
from jmcp.runtime.dispatch import Dispatcher
from jmcp.settings import MIB, Settings
from jmcp_handlers.documents.remote import RemoteDocuments
from jmcp_handlers.jupyter_api import JupyterApi
from jmcp_handlers.kernels.remote import RemoteKernels


def remote(documents: JupyterApi, kernels: JupyterApi, settings: Settings) -> Dispatcher:
    """On Jupyter Servers elsewhere: the same one twice, or one for each."""
    made = RemoteDocuments(
        documents,
        max_bytes=settings.max_notebook_mib * MIB,
        allow_hidden=settings.allow_hidden,
    )
    return app.build(made, RemoteKernels(kernels), place=documents.url, settings=settings)
