"""`/jmcp/workbench`: the page to watch and steer agents, with JupyterLab in a frame."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from jmcp.core.calls.call import Calls
from jmcp.transport.pages.built_files import built_file, built_names, file_response

PAGE = "workbench"
INDEX = "index.html"
PATH = "/jmcp/workbench"
PATHS = frozenset({PATH, *(f"{PATH}/{name}" for name in built_names(PAGE))})
"""Of the page and its files, below the server's base path."""


def policy(frame_ancestors: str = "'self'", frame_sources: str = "'self'") -> str:
    """The Content-Security-Policy under which the page can run its own files and nothing else."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self'; frame-src {frame_sources}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frame_ancestors}"
    )


class Workbench:
    """Answers with the page and its files. The page may show JupyterLab in a frame, wherever that is. They say nothing about anybody's notebooks: what the page
    shows it asks for, as its person."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def page(self, request: Request) -> Response:
        lab = urlsplit(self._calls.lab_url or "")
        elsewhere = f" {lab.scheme}://{lab.netloc}" if lab.netloc else ""
        headers = {"Content-Security-Policy": policy(frame_sources=f"'self'{elsewhere}")}
        return file_response(built_file(PAGE, INDEX), request, headers)

    async def file(self, request: Request) -> Response:
        """Raises Problem 404."""
        return file_response(built_file(PAGE, request.path_params["name"]), request, {})
