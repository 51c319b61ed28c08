"""The server that a client of a program means."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from jmcp.client.choice import Wanted
from jmcp.client.servers import Servers
from jmcp.core.errors import ServeError

log = logging.getLogger("jmcp.client")


def wanted_servers(
    url: str | None = None, *, token: str | None = None, root_dir: Path | str | None = None
) -> Servers:
    """The server at that address, or the one of this user that runs on that folder, or else on the
    one that the program works in.

    Without an address and a folder, JMCP_URL and JMCP_ROOT_DIR name one. JMCP_TOKEN is the token for
    an address that is not of this user's own servers; a `token` is sent to any. Raises ServeError.
    """
    if url is None and root_dir is None:
        url = os.environ.get("JMCP_URL") or None
        root_dir = os.environ.get("JMCP_ROOT_DIR") or None if url is None else None
    root = Path(root_dir).expanduser().resolve() if root_dir is not None else None
    if root is not None and not root.is_dir():
        raise ServeError(f"{root} is not a folder")
    if url is not None:
        url = address(url)
    wanted = Wanted(url=url, root_dir=root, here=Path.cwd())
    known = token or os.environ.get("JMCP_TOKEN", "")
    advice = "start it with jmcp serve"
    return Servers(wanted, start=None, token=known, say=log.warning, advice=advice)


def address(url: str) -> str:
    """The address of a server as its files have it. Raises ServeError."""
    if not url.startswith(("http://", "https://")):
        raise ServeError(f"{url} is not an address, as in http://127.0.0.1:8888")
    return url.rstrip("/").removesuffix("/mcp")
