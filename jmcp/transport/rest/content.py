"""What a resource holds, over HTTP: bytes of somebody's notebook, never a page of this server."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

from jmcp.core.calls.resources import Content

MIME_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.I)
UNKNOWN = "application/octet-stream"
INLINE = frozenset(("text/plain", "image/png", "image/jpeg", "image/gif", "image/webp"))
"""What a browser may show by itself. All else it keeps as a file: HTML, SVG and PDF can hold code."""
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Whatever a browser makes of it runs nothing, loads nothing, and has no origin."""
EXTENSIONS = {"text/plain": "txt", "text/markdown": "md", "image/svg+xml": "svg"}


def content_response(content: Content) -> Response:
    """The content under its own type, and under none that a header cannot say."""
    mime_type = content.mime_type if MIME_TYPE.fullmatch(content.mime_type) else UNKNOWN
    text = isinstance(content.data, str)
    data = content.data
    body = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    disposition = "inline" if mime_type.lower() in INLINE else "attachment"
    headers = {
        "Content-Type": f"{mime_type}; charset=utf-8" if text else mime_type,
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(_name(content.uri, mime_type))}",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, headers=headers)


def _name(uri: str, mime_type: str) -> str:
    """A name for the file, of letters and digits alone."""
    stem = re.sub(r"\W+", "-", uri.partition("://")[2].rpartition("/outputs/")[0] or "resource")
    extension = EXTENSIONS.get(mime_type) or re.sub(r"\W+", "", mime_type.rpartition("/")[2])
    return f"{stem[-60:].strip('-')}.{extension[:20]}"
