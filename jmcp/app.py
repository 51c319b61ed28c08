"""The composition root: what every server is made of, whatever documents and kernels it has.

The adapters are chosen in `jmcp.inside` and `jmcp.outside`: each brings a second of imports that
the other never needs.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import jmcp_api
from jmcp.runtime.backend import Documents, Kernels
from jmcp.runtime.dispatch import Dispatcher
from jmcp.runtime.journaled import JournaledDocuments
from jmcp.runtime.tool import Api
from jmcp.settings import Settings
from jmcp.state import kept_in, state_folder
from jmcp_api import http, mcp, registry, sessions, texts
from jmcp_handlers import HANDLERS

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


def build(documents: Documents, kernels: Kernels, *, place: str, settings: Settings) -> Dispatcher:
    """Everything behind the wire formats, on these documents and these kernels.

    What outlives the process is kept by the place that it works on: a directory, or a URL.
    """
    store, journal = kept_in(state_folder(place))
    return Dispatcher(
        api=API,
        handlers=HANDLERS,
        documents=JournaledDocuments(documents, journal),
        kernels=kernels,
        store=store,
        # For tests: an error that its tool does not declare becomes a bug instead of a log line.
        strict=os.environ.get("JMCP_STRICT") == "1",
    )
