"""`jmcp start`: `jmcp serve` outside of Jupyter, with the options and variables of jupyter-mcp-server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from jmcp.cli import serve
from jmcp.cli.older_arguments import add_older_options
from jmcp.core.errors import ServeError
from jmcp.hosting.older_values import OlderValues, check_newer, older_values, with_defaults
from jmcp.options import sources
from jmcp.options.cli_arguments import add_options
from jmcp.options.older_options import START, taken_by
from jmcp.options.table import BY_NAME, HTTP, OAUTH, OPTIONS, REMOTE_SERVERS, SETTINGS, STARTING
from jmcp.state.token import config_folder

HELP = "serve as jupyter-mcp-server does, with its options and variables"
DESCRIPTION = """\
jmcp on a Jupyter Server that runs already, started as jupyter-mcp-server is: each option below is
also a variable, JUPYTER_URL for --jupyter-url. An option wins over its variable; the URL and the
token of notebooks or of kernels alone win over those for both.

As there, calls need no session_id: they share one session. jmcp serve is the same server with
jmcp's own names and defaults, and --print-config prints what to write instead of this.
"""
TOKENS = ("token", "jupyter_token", "document_token", "kernel_token")
OLDER_DEFAULTS: dict[str, Any] = {
    "transport": "stdio",
    "single_session": True,
}
OVER_HTTP: dict[str, Any] = {
    "port": 4040,
    # As there nothing opens.
    "browser": False,
    # As there it waits for Jupyter, and for PUT /api/connect.
    "if_unavailable": "retry",
}
WITH_NOTEBOOK: dict[str, Any] = {"notebook_kernel": "now"}
OLDER_NAMES = frozenset(name for option in taken_by(START) for name in option.names)
ROOM = ("--room-", "variable ROOM_")
"""How names of the older server begin whose tools the toolset compat has."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp start",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_older_options(made, START)
    made.add_argument(
        "--print-config",
        action="store_true",
        help="print what an MCP client needs for this server in jmcp's own names, and end",
    )
    own = [
        option
        for option in (*STARTING, *HTTP, *REMOTE_SERVERS, *OAUTH, *SETTINGS)
        if option.name not in OLDER_NAMES
    ]
    add_options(made.add_argument_group("jmcp's own options"), own)
    return made


def run(given: Sequence[str]) -> None:
    """Serve until it is stopped. Raises ServeError."""
    arguments = parser().parse_args(given)
    values = older_values(taken_by(START), vars(arguments), os.environ)
    newer = sources.from_variables(dict(os.environ))
    check_newer(
        values,
        lambda name: (
            os.environ.get(f"JMCP_{name.upper()}") or None if name in TOKENS else newer.get(name)
        ),
        lambda name: f"JMCP_{name.upper()}",
    )
    for remark in values.remarks:
        sys.stderr.write(f"jmcp start: {remark}\n")
    serve.run(argparse.Namespace(**_options(arguments, values, newer)))


def _options(
    arguments: argparse.Namespace, values: OlderValues, newer: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of `jmcp serve` that are the same."""
    elsewhere = newer | sources.from_file(config_folder())
    options = {
        option.name: None if option.name in OLDER_NAMES else vars(arguments).get(option.name)
        for option in OPTIONS
    }
    asked = {}
    for name, one in values.options.items():
        own = options.get(name)
        if own is not None and one.variable is None and own != one.value:
            raise ServeError(
                f"{one.source} and {BY_NAME[name].flag} are two names of one option and have "
                "different values; remove one of them"
            )
        asked[name] = one.value if own is None else own
    defaults = dict(OLDER_DEFAULTS)
    if any(name.startswith(ROOM) for name in values.names):
        defaults["toolset"] = (*BY_NAME["toolset"].default, "compat")
    options |= dict.fromkeys(TOKENS) | with_defaults(asked, elsewhere.__contains__)
    known = elsewhere | {name: value for name, value in options.items() if value is not None}
    if known.get("transport", OLDER_DEFAULTS["transport"]) != "stdio":
        defaults |= OVER_HTTP
    if "notebook" in known:
        defaults |= WITH_NOTEBOOK
    options |= {name: default for name, default in defaults.items() if name not in known}
    return options | {"print_config": arguments.print_config}
