"""The options of commands that use a running server, and that server."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from jmcp.client.choice import Wanted
from jmcp.client.server import address
from jmcp.client.servers import Servers
from jmcp.client.started_server import StartedServer, project_folder
from jmcp.core.errors import ServeError


def add_options(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, *, starts: bool = True
) -> None:
    """The options that name a server. `starts`: one is started where none runs."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--root-dir", metavar="DIR", type=Path, help="the server of that folder, where several run"
    )
    which.add_argument("--url", metavar="URL", help="the server at that address")
    if not starts:
        parser.set_defaults(no_start=True)
        return
    parser.add_argument(
        "--no-start", action="store_true", help="start no jmcp serve where none runs"
    )


def servers_of(
    arguments: argparse.Namespace, say: Callable[[str], None], token: str | None = None
) -> Servers:
    """The server that options and variables name. Raises ServeError."""
    root: Path | None = arguments.root_dir
    url: str | None = arguments.url
    if root is None and url is None:
        url = os.environ.get("JMCP_URL") or None
        if url is None and os.environ.get("JMCP_ROOT_DIR"):
            root = Path(os.environ["JMCP_ROOT_DIR"])
    if root is not None:
        root = root.expanduser().resolve()
        if not root.is_dir():
            raise ServeError(f"{root} is not a folder; name one with --root-dir")
    if url is not None:
        url = address(url)
    wanted = Wanted(url=url, root_dir=root, here=Path.cwd())
    start = None if arguments.no_start else start_server
    return Servers(wanted, start=start, token=token or os.environ.get("JMCP_TOKEN", ""), say=say)


def start_server(root: Path | None) -> StartedServer:
    """Start jmcp serve on that folder, or on the user's: the configured one, else the one that the
    client works in. Raises ServeError."""
    # Imported here: the options import more than all of a command.
    from jmcp.options import sources
    from jmcp.state.token import config_folder

    variables = sources.from_variables(dict(os.environ))
    values = sources.resolved(variables, sources.from_file(config_folder()))
    root = root or values["root_dir"] or project_folder(Path.cwd())
    if not root.is_dir():
        raise ServeError(f"{root} is not a folder; name one with --root-dir")
    # Any free port, unless one is configured: whoever connects finds it in the runtime folder.
    return StartedServer(root.resolve(), ["--port", str(values["port"] or 0)])
