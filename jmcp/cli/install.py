"""`jmcp install`: configures MCP clients to use jmcp."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit

from jmcp.clients.config_file import Change, ConfigFile
from jmcp.clients.table import CLIENTS, NAME, Client
from jmcp.core.errors import ServeError
from jmcp.installation import installer, kept

ALL = "all"
DESCRIPTION = """\
Configure an MCP client so that it starts `jmcp connect`, which needs no address and no token: it finds
the jmcp that runs on this machine, or starts one. The change is shown first, and the file as it was is
kept beside it.
"""


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "install",
        help="configure an MCP client to use jmcp",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "client",
        metavar="CLIENT",
        choices=[*CLIENTS, ALL],
        help=f"{', '.join(CLIENTS)}; or {ALL} that are used on this machine",
    )
    command.add_argument(
        "--root-dir", metavar="DIR", type=Path, help="the folder to work in, whatever the client's"
    )
    command.add_argument("--remove", action="store_true", help="remove jmcp from it")
    command.add_argument(
        "--print", action="store_true", help="print what belongs into its file, and change nothing"
    )
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command. Returns the exit status. Raises ServeError."""
    clients = [*CLIENTS.values()] if arguments.client == ALL else [CLIENTS[arguments.client]]
    command = connect_command(arguments.root_dir)
    if arguments.print:
        for client in clients:
            print(f"{client.title}, in {client.path(os.environ)}:\n")
            print(f"{snippet(client, command)}\n")
        return 0
    if arguments.client == ALL:
        clients = [one for one in clients if one.is_here(os.environ)]
        if not clients and arguments.remove:
            print("none of the clients that jmcp knows is used on this machine")
            return 0
        if not clients:
            raise ServeError(f"none of these is used on this machine: {', '.join(CLIENTS)}")
    failed = 0
    for client in clients:
        try:
            configure(client, command, remove=arguments.remove, ask=not arguments.yes)
        except ServeError as error:
            failed += 1
            print(f"jmcp: {error}", file=sys.stderr)
    return 1 if failed else 0


def configure(client: Client, command: list[str], *, remove: bool, ask: bool) -> None:
    """Change the file of one client. Raises ServeError."""
    file = ConfigFile(client, client.path(os.environ))
    change = (
        file.without_server() if remove else file.with_server(client.server(command, os.environ))
    )
    if change.after == change.before:
        state = "has no jmcp" if remove else "is configured already"
        print(f"{client.title} {state} ({file.path})")
        return
    print(diff(change))
    if ask and not confirmed(f"Write {file.path}?"):
        print(f"{client.title} is left as it was")
        return
    backup = file.write(change)
    print(f"{client.title}: {'removed from' if remove else 'written to'} {file.path}")
    if backup is not None:
        print(f"as it was: {backup}")
    if not remove:
        print(client.restart)


def connect_command(root_dir: Path | None) -> list[str]:
    """The command that a client starts, by its absolute path: a client's PATH may be another one.

    Raises ServeError for a folder that is none.
    """
    command = installed_command()
    if installer() == "uvx":
        print(
            "jmcp: warning: this jmcp is in a cache, which may be emptied; this installs one that "
            f"stays: {kept()}",
            file=sys.stderr,
        )
    if root_dir is None:
        return [*command, "connect"]
    if not root_dir.expanduser().is_dir():
        raise ServeError(f"{root_dir} is not a folder; name one with --root-dir")
    return [*command, "connect", "--root-dir", str(root_dir.expanduser().resolve())]


def installed_command() -> list[str]:
    """How this jmcp is started by its absolute path."""
    given = Path(os.path.abspath(sys.argv[0]))  # a link is what stays after an upgrade
    beside = Path(sys.executable).with_name("jmcp.exe" if sys.platform == "win32" else "jmcp")
    for one in (given, beside):
        if one.stem == "jmcp" and one.is_file() and one.suffix in ("", ".exe"):
            return [str(one)]
    # -P: else Python would look for modules first in whatever folder a client works in.
    return [sys.executable, "-P", "-m", "jmcp"]


def snippet(client: Client, command: list[str]) -> str:
    """What belongs into the file of a client."""
    data = {client.section: {NAME: client.server(command, os.environ)}}
    if client.format == "toml":
        return tomlkit.dumps(data).strip()
    return json.dumps(data, indent=2, ensure_ascii=False)


def diff(change: Change) -> str:
    lines = difflib.unified_diff(
        change.before.splitlines(),
        change.after.splitlines(),
        str(change.path),
        str(change.path),
        lineterm="",
    )
    return "\n".join(lines)


def confirmed(question: str) -> bool:
    """Ask a person. Raises ServeError where there is none to ask."""
    if not sys.stdin.isatty():
        raise ServeError("nobody can be asked here; --yes writes without asking")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
