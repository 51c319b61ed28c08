"""The commands but `jmcp connect`, which has to start at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec

from jmcp.cli import (
    call,
    completion,
    connect,
    doctor,
    hub,
    install,
    older_requests,
    open_command,
    run_command,
    serve,
    sessions,
    start,
    token,
    tools,
    watch,
)
from jmcp.core.errors import ServeError
from jmcp.installation import adding
from jmcp.options.older_options import START, names_one
from jmcp.state.named_tokens import TokenError


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="jmcp", description="Live Jupyter notebooks for AI agents, REST clients and people."
    )
    top.add_argument("--version", action="version", version=f"jmcp {version('jmcp')}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve.add_to(commands, run=run_serve)

    tools.add_to(commands, run=run_tools)

    token.add_to(commands, run=run_token)
    sessions.add_to(commands, run=run_sessions)

    install.add_to(commands, run=run_install)
    doctor.add_to(commands, run=doctor.run)
    hub.add_to(commands, run=run_hub)

    # For the help only: their arguments are passed on before argparse reads them here.
    commands.add_parser("connect", help=connect.HELP)
    commands.add_parser("call", help=call.HELP)
    commands.add_parser("completion", help=completion.HELP)
    commands.add_parser("start", help=start.HELP)
    commands.add_parser("stop", help=older_requests.STOP_HELP)
    commands.add_parser("run", help=run_command.HELP)
    commands.add_parser("watch", help=watch.HELP)
    commands.add_parser("open", help=open_command.HELP)
    commands.add_parser("generate", help="generate code from a spec")
    return top


def run_serve(arguments: argparse.Namespace) -> int:
    try:
        serve.run(arguments)
    except ServeError as error:
        return fail(str(error))
    except KeyboardInterrupt:  # before there was a server to stop
        return 130
    return 0


def run_start(given: Sequence[str]) -> int:
    try:
        start.run(given)
    except ServeError as error:
        return fail(str(error))
    except KeyboardInterrupt:  # before there was a server to stop
        return 130
    return 0


def run_sessions(arguments: argparse.Namespace) -> int:
    try:
        sessions.run(arguments)
    except ServeError as error:
        return fail(str(error))
    return 0


def run_hub(arguments: argparse.Namespace) -> int:
    try:
        return hub.run(arguments)
    except ServeError as error:
        return fail(str(error))


def run_install(arguments: argparse.Namespace) -> int:
    try:
        return install.run(arguments)
    except ServeError as error:
        return fail(str(error))


def run_tools(arguments: argparse.Namespace) -> int:
    try:
        tools.run(arguments)
    except ServeError as error:
        return fail(str(error))
    return 0


def run_token(arguments: argparse.Namespace) -> int:
    try:
        token.run(arguments)
    except TokenError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    return 0


def run_generate(rest: Sequence[str]) -> int:
    if find_spec("datamodel_code_generator") is None:
        return fail(f"jmcp generate needs more than is installed: {adding('codegen')}")
    from jmcp_codegen.cli import main as generate

    return int(generate(rest) or 0)


def fail(message: str) -> int:
    print(f"jmcp: {message}", file=sys.stderr)
    return 1


def run(given: Sequence[str]) -> int:
    """Run a command line. Returns the exit status: 0, 1 for an error, 2 for wrong arguments."""
    if given[:1] == ["generate"]:
        return run_generate(given[1:])
    if given[:1] == ["start"]:
        return run_start(given[1:])
    if given[:1] == ["stop"]:
        return older_requests.stop(given[1:])
    if (not given and not sys.stdin.isatty()) or names_one(START, [*given[:1]]):
        # As jupyter-mcp-server without a command, which MCP clients start.
        return run_start(given)
    arguments = parser().parse_args(given)
    status: int = arguments.run(arguments)
    return status
