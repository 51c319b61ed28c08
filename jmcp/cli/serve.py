"""`jmcp serve`: which server its options mean, and starting that."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jmcp.cli.print_config import of_a_running_server, of_a_started_server
from jmcp.core.errors import ServeError
from jmcp.hosting.server_url import servers
from jmcp.options import serve_options, sources
from jmcp.options.cli_arguments import add_options
from jmcp.options.table import DEFAULT_PORT, ELSEWHERE, HTTP, LAB, SETTINGS, STARTING, settings
from jmcp.state.token import config_folder, kept_token
from jmcp.transport.mcp.stdio_fds import Wire
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
    elsewhere = command.add_argument_group("Jupyter elsewhere")
    add_options(elsewhere, ELSEWHERE)
    for kind in ("jupyter", "document", "kernel"):
        elsewhere.add_argument(f"--{kind}-token", metavar="TOKEN", help="its token")
    add_options(command.add_argument_group("sessions, limits and records"), SETTINGS)
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Serve until it is stopped. Raises ServeError."""
    given = sources.given(vars(arguments), os.environ)
    values = sources.decided(given, sources.from_file(config_folder()))
    if unknown := set(values["toolset"]) - set(TOOLSETS):
        known = ", ".join(TOOLSETS)
        raise ServeError(f"no toolset {', '.join(sorted(unknown))}; --toolset takes: {known}")
    if values["port"] is None:
        # Over stdio any free one: a client may start several.
        values["port"] = 0 if values["transport"] == "stdio" else DEFAULT_PORT
    if values["jupyter_url"] or values["document_url"] or values["kernel_url"]:
        _elsewhere(arguments, given, values)
    else:
        _lab(arguments, given, values)


def _lab(arguments: argparse.Namespace, given: dict[str, Any], values: dict[str, Any]) -> None:
    root_dir = (values["root_dir"] or Path()).resolve()
    if not root_dir.is_dir():
        raise ServeError(f"{root_dir} is not a folder; name one with --root-dir")
    over_stdio = values["transport"] == "stdio"
    token = arguments.token or serve_options.taken_token(os.environ)
    if arguments.print_config:
        if over_stdio:
            of_a_started_server(given | {"root_dir": root_dir}, {"JMCP_TOKEN": token})
        else:
            of_a_running_server(values, token)
        return
    options = serve_options.ServeOptions(
        root_dir=root_dir,
        host=values["host"],
        port=values["port"],
        token=token or kept_token(config_folder()),
        toolsets=values["toolset"],
        # Whoever starts a client did not ask for a browser.
        browser=values["browser"] and not over_stdio,
        verbose=values["verbose"],
        settings=settings(values),
        given=given,
    )
    if over_stdio:
        # Before the imports below, which may print as well as anything else.
        wire = Wire.taken()
        from jmcp.hosting.stdio_lab import serve_beside

        serve_beside(options, wire)
    else:
        from jmcp.hosting import embedded_lab

        embedded_lab.serve(options)


def _elsewhere(
    arguments: argparse.Namespace, given: dict[str, Any], values: dict[str, Any]
) -> None:
    over_stdio = values["transport"] == "stdio"
    token = arguments.token or serve_options.taken_token(os.environ, ("JMCP_TOKEN",))
    tokens = {kind: vars(arguments)[f"{kind}_token"] for kind in ("jupyter", "document", "kernel")}
    named = servers(values, tokens, os.environ)
    if arguments.print_config:
        if over_stdio:
            kept = {name: value for name, value in given.items() if not name.endswith("_url")}
            of_a_started_server(kept | named.options, named.tokens)
        else:
            of_a_running_server(values, token)
        return
    # Before the imports below, which may print as well as anything else.
    wire = Wire.taken() if over_stdio else None
    options = serve_options.StandaloneOptions(
        documents=named.documents,
        kernels=named.kernels,
        wire=wire,
        host=values["host"],
        port=values["port"],
        token=token or kept_token(config_folder()),
        toolsets=values["toolset"],
        if_unavailable=values["if_unavailable"] or ("retry" if over_stdio else "exit"),
        verbose=values["verbose"],
        settings=settings(values),
    )
    from jmcp.hosting import standalone

    standalone.serve(options)
