"""`/jmcp/workbench`: the page to watch and steer agents, with JupyterLab in a frame."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jmcp.core.calls.call import Calls
from jmcp.transport.pages.built_files import built_file, built_names, file_response
from jmcp.transport.pages.policies import ancestors, policy

PAGE = "workbench"
INDEX = "index.html"
PATH = "/jmcp/workbench"
PATHS = frozenset({PATH, *(f"{PATH}/{name}" for name in built_names(PAGE))})
"""Of the page and its files, below the server's base path."""
OLDER_PATHS = ("/interactive_mcp_test.html", "/test_iframe_switching.html")
"""Of the pages that earlier servers had, on a server of jmcp's own: they lead to the workbench."""


class Workbench:
    """Answers with the page and its files. They say nothing about anybody's notebooks: what the page
    shows it asks for, as its person. The page may show JupyterLab in a frame, wherever that is, and
    pages of `frame_ancestors` may show the page in one, as this server's own may. `jupyter_url` is
    where JupyterLab most likely is, as long as no call has connected to it.
    """

    def __init__(
        self, calls: Calls, frame_ancestors: tuple[str, ...] = (), jupyter_url: str | None = None
    ) -> None:
        self._calls = calls
        self._jupyter_url = jupyter_url
        self._ancestors = ancestors(frame_ancestors)

    async def page(self, request: Request) -> Response:
        lab = urlsplit(self._calls.lab_url or self._jupyter_url or "")
        elsewhere = f" {lab.scheme}://{lab.netloc}" if lab.netloc else ""
        csp = policy(self._ancestors, f"'self'{elsewhere}")
        headers = {"Content-Security-Policy": csp}
        return file_response(built_file(PAGE, INDEX), request, headers)

    async def file(self, request: Request) -> Response:
        """Raises Problem 404."""
        return file_response(built_file(PAGE, request.path_params["name"]), request, {})

    async def older(self, _: Request) -> Response:
        """A token in the URL of an older page goes no further."""
        return RedirectResponse(PATH.removeprefix("/"), headers={"Referrer-Policy": "no-referrer"})
