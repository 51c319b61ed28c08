"""The composition root: the only place that sees the API, the handlers and the adapters."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from jupyter_server.serverapp import ServerApp
from starlette.applications import Starlette

import jmcp_api
from jmcp.runtime.dispatch import Dispatcher
from jmcp.runtime.tool import Api
from jmcp.runtime.transport.site import site
from jmcp_api import http, mcp, registry, sessions, texts
from jmcp_handlers import HANDLERS
from jmcp_handlers.documents.local import LocalDocuments
from jmcp_handlers.kernels.local import LocalKernels

VERSION = version("jmcp")
GENERATED = Path(jmcp_api.__file__).parent

API = Api(
    tools=registry.TOOLS,
    policy=sessions.POLICY,
    routes=http.ROUTES,
    texts=texts.TEXTS,
    instructions=mcp.INSTRUCTIONS,
    listing_file=str(GENERATED / mcp.LISTING_FILE),
    openapi_file=str(GENERATED / http.OPENAPI_FILE),
)


def local(serverapp: ServerApp, *, toolsets: tuple[str, ...]) -> Starlette:
    """Everything inside one Jupyter Server: its documents, its kernels, its URL path."""
    dispatcher = Dispatcher(
        api=API,
        handlers=HANDLERS,
        documents=LocalDocuments(serverapp),
        kernels=LocalKernels(serverapp),
        # For tests: an error that its tool does not declare becomes a bug instead of a log line.
        strict=os.environ.get("JMCP_STRICT") == "1",
    )
    base = serverapp.base_url.rstrip("/")
    return site(dispatcher, version=VERSION, base=base, toolsets=toolsets)
