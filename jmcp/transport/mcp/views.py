"""MCP Apps: pages that clients show in the chat, for results of tools.

A client says in its capabilities that it shows them. Only then it is told of tools with views, and
only then results carry data for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext

from jmcp.core.calls.resources import View

EXTENSION = "io.modelcontextprotocol/ui"
VIEW_TYPE = "text/html;profile=mcp-app"
VIEW_META = "jmcp/output"
"""The key of what a view gets, in the `_meta` of a result."""
PAGES = Path(__file__).parents[1] / "pages" / "built"


def shows_views(capabilities: object) -> bool:
    """Whether a client with these capabilities, as it sent them, shows views."""
    extensions = capabilities.get("extensions") if isinstance(capabilities, Mapping) else None
    return isinstance(extensions, Mapping) and _shown(extensions.get(EXTENSION))


def views_of(context: ServerRequestContext[Any, Any]) -> bool:
    """The same, of the client of that request."""
    known = context.session.client_capabilities
    extensions = known.extensions if known is not None else None
    return extensions is not None and _shown(extensions.get(EXTENSION))


def _shown(settings: object) -> bool:
    """HTML is the one kind of view that there is so far, also where no kinds are named."""
    if not isinstance(settings, Mapping):
        return False
    kinds = settings.get("mimeTypes", (VIEW_TYPE,))
    return isinstance(kinds, list | tuple) and VIEW_TYPE in kinds


class Views:
    """The pages of a server, as resources."""

    def __init__(self, views: Iterable[View]) -> None:
        self._views = {view.uri: view for view in views}

    def __contains__(self, uri: str) -> bool:
        return uri in self._views

    def listed(self) -> list[types.Resource]:
        return [
            types.Resource(
                uri=view.uri,
                name=view.name,
                title=view.title,
                description=view.description,
                mime_type=VIEW_TYPE,
                _meta=_meta(view),
            )
            for view in self._views.values()
        ]

    def read(self, uri: str) -> types.ReadResourceResult:
        """That page. Raises KeyError for another URI."""
        view = self._views[uri]
        page = types.TextResourceContents(
            uri=uri, mime_type=VIEW_TYPE, text=_page(view.file), _meta=_meta(view)
        )
        return types.ReadResourceResult(contents=[page])


@cache
def _page(file: str) -> str:
    return (PAGES / file).read_text(encoding="utf-8")


def _meta(view: View) -> dict[str, Any]:
    """What the page may do and how it is framed: clients read that here, not at the tool. It loads
    nothing, so that no domain is in its policy."""
    permissions: dict[str, Any] = {"clipboardWrite": {}} if view.clipboard else {}
    return {"ui": {"csp": {}, "permissions": permissions, "prefersBorder": view.border}}
