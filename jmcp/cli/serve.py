"""`jmcp serve`: starts the server that its options describe."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jmcp.cli.print_config import print_http_config, print_stdio_config
from jmcp.core.calls.tool import ALL_TOOLSETS
from jmcp.core.errors import ServeError
from jmcp.hosting import iri_syntax
from jmcp.hosting.garbage import collector_paused
from jmcp.hosting.jupyter_address import jupyter_addresses
from jmcp.options import oauth_options, serve_options, sources
from jmcp.options.cli_arguments import add_options
from jmcp.options.table import (
    DEFAULT_PORT,
    HTTP,
    LAB,
    OAUTH,
    REMOTE_SERVERS,
    SETTINGS,
    STARTING,
    settings_of,
)
from jmcp.plugins.installed import installed_toolsets
from jmcp.state.token import config_folder, user_token
from jmcp.transport.mcp.stdio_fds import StdioFds
from jmcp_api.mcp import TOOLSETS

EPILOG = """\
Each option is also a variable, JMCP_PORT for --port, and a key of config.toml in ~/.config/jmcp,
where port = 9999 is --port 9999. An option wins over its variable, and that over the file.

Give tokens, and a store with a password, as variables: other users of a machine can read the
arguments of its processes. jmcp takes them out of its environment.

examples:
  jmcp serve
      JupyterLab with jmcp in it, on this folder
  JMCP_JUPYTER_TOKEN=... jmcp serve --jupyter-url http://127.0.0.1:8888
      jmcp on a Jupyter Server that runs already
  JMCP_JUPYTER_TOKEN=... jmcp serve --jupyter-url http://127.0.0.1:8888 --transport stdio
      the same for an MCP client that starts its servers itself (--print-config prints what such
      a client needs)
"""


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "serve",
        help="serve MCP and REST: JupyterLab with jmcp in it, or jmcp on a Jupyter elsewhere",
        description="Start JupyterLab with jmcp in it; with --jupyter-url, jmcp alone, which works "
        "on the Jupyter Server there.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(command, STARTING)
    command.add_argument(
        "--print-config",
        action="store_true",
        help="print what an MCP client needs for this server, tokens included, and end",
    )
    http = command.add_argument_group("HTTP")
    add_options(http, HTTP)
    http.add_argument("--token", help="what clients send, instead of the one kept for you")
    add_options(command.add_argument_group("JupyterLab in the same process"), LAB)
    remote = command.add_argument_group("Jupyter elsewhere")
    add_options(remote, REMOTE_SERVERS)
    for kind in ("jupyter", "document", "kernel"):
        remote.add_argument(f"--{kind}-token", metavar="TOKEN", help="its token")
    add_options(command.add_argument_group("login at an OpenID provider"), OAUTH)
    add_options(command.add_argument_group("sessions, limits and records"), SETTINGS)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until it is stopped. Raises ServeError."""
    iri_syntax.built_at_first_use()
    explicit = sources.explicit_values(vars(arguments), os.environ)
    values = sources.resolved(explicit, sources.from_file(config_folder()))
    if set(values["toolset"]) - {*TOOLSETS, ALL_TOOLSETS}:
        _check_toolsets(values["toolset"])
    if values["transport"] == "stdio":
        oauth_options.refuse_over_stdio(explicit)
        values |= dict.fromkeys(oauth_options.NAMES)
    if values["port"] is None:
        # Over stdio any free one: a client may start several.
        values["port"] = 0 if values["transport"] == "stdio" else DEFAULT_PORT
    if values["jupyter_url"] or values["document_url"] or values["kernel_url"]:
        _serve_standalone(arguments, explicit, values)
    else:
        _serve_lab(arguments, explicit, values)


def _check_toolsets(names: Sequence[str]) -> None:
    """Raises ServeError for a toolset that neither jmcp nor another package has."""
    every = [*TOOLSETS, *(one.name for one in installed_toolsets()), ALL_TOOLSETS]
    if unknown := sorted({*names} - {*every}):
        known = ", ".join(every)
        raise ServeError(f"no toolset {', '.join(unknown)}; --toolset takes: {known}")


def _serve_lab(
    arguments: argparse.Namespace, explicit: dict[str, Any], values: dict[str, Any]
) -> None:
    root_dir = (values["root_dir"] or Path()).resolve()
    if not root_dir.is_dir():
        raise ServeError(f"{root_dir} is not a folder; name one with --root-dir")
    over_stdio = values["transport"] == "stdio"
    token = arguments.token or serve_options.pop_token(os.environ)
    if arguments.print_config:
        if over_stdio:
            print_stdio_config(explicit | {"root_dir": root_dir}, {"JMCP_TOKEN": token})
        else:
            print_http_config(values, token)
        return
    options = serve_options.ServeOptions(
        root_dir=root_dir,
        host=values["host"],
        port=values["port"],
        token=token or user_token(config_folder()),
        toolsets=values["toolset"],
        page=_page(values),
        verbose=values["verbose"],
        unused_hours=values["unused_hours"],
        oauth=oauth_options.oauth_options(values, os.environ),
        settings=settings_of(values),
        explicit=explicit,
    )
    if over_stdio:
        # Before the imports below, which may print.
        fds = StdioFds.claim()
        with collector_paused():
            from jmcp.hosting import stdio_lab

        stdio_lab.serve(options, fds)
    else:
        from jmcp.hosting import embedded_lab

        embedded_lab.serve(options)


def _page(values: dict[str, Any]) -> serve_options.Page | None:
    # Over stdio a client starts the server, and nobody asked for a browser.
    asked = values["browser"] and values["transport"] != "stdio"
    return values["open"] if asked else None


def _serve_standalone(
    arguments: argparse.Namespace, explicit: dict[str, Any], values: dict[str, Any]
) -> None:
    over_stdio = values["transport"] == "stdio"
    token = arguments.token or serve_options.pop_token(os.environ, ("JMCP_TOKEN",))
    tokens = {kind: vars(arguments)[f"{kind}_token"] for kind in ("jupyter", "document", "kernel")}
    addresses = jupyter_addresses(values, tokens, os.environ)
    if arguments.print_config:
        if over_stdio:
            others = {name: value for name, value in explicit.items() if not name.endswith("_url")}
            print_stdio_config(others | addresses.options, addresses.tokens)
        else:
            print_http_config(values, token)
        return
    # Before the imports below, which may print.
    fds = StdioFds.claim() if over_stdio else None
    options = serve_options.StandaloneOptions(
        documents=addresses.documents,
        kernels=addresses.kernels,
        stdio=fds,
        host=values["host"],
        port=values["port"],
        token=token or user_token(config_folder()),
        toolsets=values["toolset"],
        if_unavailable=values["if_unavailable"] or ("retry" if over_stdio else "exit"),
        page=_page(values),
        verbose=values["verbose"],
        oauth=oauth_options.oauth_options(values, os.environ),
        settings=settings_of(values),
    )
    with collector_paused():
        from jmcp.hosting import standalone

    standalone.serve(options)
