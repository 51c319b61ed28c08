"""Files of built pages, as answers: compressed where the client takes it, and asked for again by ETag."""

from __future__ import annotations

import base64
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from jmcp.transport.problems import Problem
from jmcp.transport.rest.docs_page import accepts_gzip

FOLDER = Path(__file__).with_name("built")
COMPRESSION_LEVEL = 6
TEXT_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
"""By suffix; what the system says of these differs from machine to machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFile:
    """A file as it is sent. `tag` changes with its content."""

    content: bytes
    compressed: bytes
    media_type: str
    tag: str


def built_names(page: str) -> frozenset[str]:
    """The names of a built page's files."""
    return frozenset(file.name for file in (FOLDER / page).glob("*") if file.is_file())


@cache
def built_file(page: str, name: str) -> BuiltFile:
    """A file of a built page, kept from its first use on. Raises Problem 404."""
    if name not in built_names(page):  # which are never paths
        raise Problem(404, "The page has no such file.")
    content = (FOLDER / page / name).read_bytes()
    suffix = Path(name).suffix
    if suffix in TEXT_TYPES:
        media_type = f"{TEXT_TYPES[suffix]}; charset=utf-8"
    else:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:12]).decode()
    return BuiltFile(
        content=content,
        compressed=gzip.compress(content, COMPRESSION_LEVEL, mtime=0),
        media_type=media_type,
        tag=f'"{digest}"',
    )


def file_response(file: BuiltFile, request: Request, headers: dict[str, str]) -> Response:
    """The file with these headers, or that the client has it already."""
    headers = {
        "Cache-Control": "no-cache",
        "ETag": file.tag,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
        **headers,
    }
    if request.headers.get("if-none-match", "").removeprefix("W/") == file.tag:
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if accepts_gzip(request.headers):
        return Response(file.compressed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.content, headers=headers)
