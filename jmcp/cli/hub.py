"""`jmcp hub`: what a JupyterHub starts, and what looks it over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from jmcp.cli import hub_check
from jmcp.core.errors import ServeError
from jmcp.installation import adding

HELP = "many users: the gateway of a JupyterHub, and what that Hub lacks"


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser("hub", help=HELP, description=__doc__)
    command.set_defaults(run=run)
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    gateway = actions.add_parser(
        "gateway",
        help="the service that gives all users one URL; the Hub starts it",
        description="Serve the gateway. The Hub starts it, and sets JUPYTERHUB_* for it.",
    )
    gateway.add_argument("--verbose", action="store_true", help="also log what goes well")
    hub_check.add_to(actions)


def main(given: Sequence[str]) -> int:
    """The same without all other commands, whose imports are a fifth of the memory of a gateway."""
    parser = argparse.ArgumentParser(prog="jmcp")
    add_to(parser.add_subparsers(required=True, metavar="COMMAND"), run=run)
    try:
        return run(parser.parse_args(given))
    except ServeError as error:
        print(f"jmcp: {error}", file=sys.stderr)
        return 1


def run(arguments: argparse.Namespace) -> int:
    """Run the command. Raises ServeError."""
    needed = ("httpx2", "jupyterhub", "psutil") if arguments.action == "check" else ("httpx2",)
    if any(find_spec(name) is None for name in needed):
        raise ServeError(f"jmcp hub needs more than is installed: {adding('hub')}")
    if arguments.action == "check":
        return hub_check.run(arguments)
    from jmcp.hub.gateway import process

    process.run(verbose=arguments.verbose)
    return 0
