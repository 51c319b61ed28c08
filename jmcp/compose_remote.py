"""The composition root outside of Jupyter, imported once a Jupyter Server answers."""

from __future__ import annotations

from jmcp import compose
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.options.settings import MIB, Settings
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from jmcp_jupyter.lab.remote import RemoteLabPages


def remote_dispatcher(
    documents: JupyterApi,
    kernels: JupyterApi,
    settings: Settings,
    first_caller: Caller | None = None,
) -> Dispatcher:
    """A dispatcher on running Jupyter Servers, which may be the same one."""
    remote_documents = RemoteDocuments(
        documents,
        max_bytes=settings.max_notebook_mib * MIB,
        allow_hidden=settings.allow_hidden,
    )
    return compose.build(
        remote_documents,
        RemoteKernels(kernels),
        place=documents.url,
        settings=settings,
        lab=RemoteLabPages(documents, external_url=settings.external_url),
        first_caller=first_caller,
    )
