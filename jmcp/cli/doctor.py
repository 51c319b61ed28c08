"""`jmcp doctor`: checks this machine, and says what to do about each problem."""

from __future__ import annotations

import argparse
import asyncio
import json
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmcp.core.errors import ServeError

if TYPE_CHECKING:
    from jmcp.doctor.finding import Finding

MARKS = {"ok": "ok", "warning": "warn", "problem": "FAIL"}
WIDTH = 100


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "doctor",
        help="check this machine: packages, kernels, servers, clients; with a remedy for each problem",
        description="Checks Python, packages, configuration, port, token, folder, collaboration, JupyterLab's extension, "
        "toolsets of other packages, kernels, the state store, traces, running servers, MCP clients, output limits and disk space. Exit "
        "status 1 if there is a problem; a warning is none.",
    )
    command.add_argument("--json", action="store_true", help="for programs")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command. Returns the exit status."""
    # Imported here, so that other commands do not wait for its imports.
    from jmcp.doctor.finding import findings

    found = asyncio.run(findings(checks()))
    healthy = all(one.state != "problem" for one in found)
    if arguments.json:
        print(json.dumps({"ok": healthy, "findings": [one.public() for one in found]}, indent=2))
    else:
        print_findings(found)
    return 0 if healthy else 1


def checks() -> dict[str, Any]:
    """The checks, by what they are about."""
    from jmcp.doctor import client_configs, installation, kernels, state, tabs, toolsets, traces
    from jmcp.state.folder import state_folder
    from jmcp.state.running_servers import running_servers

    async def port() -> Sequence[Finding]:
        known = []
        with suppress(ServeError):
            known = [*running_servers().servers]
        return installation.port(known)

    async def disk() -> Sequence[Finding]:
        where = state.place()
        folders = {"sessions and the journal": state_folder(where)}
        if Path(where).is_absolute():
            folders["notebooks"] = Path(where)
        return installation.disk(folders)

    return {
        "Python": installation.python,
        "packages": installation.packages,
        "configuration": installation.configuration,
        "root": installation.root,
        "token": installation.token,
        "port": port,
        "servers": state.servers,
        "store": state.store,
        "traces": traces.traces,
        "collaboration": installation.collaboration,
        "tabs": tabs.tabs,
        "toolsets": toolsets.toolsets,
        "kernels": kernels.kernels,
        "clients": client_configs.clients,
        "output limits": installation.output_limits,
        "disk": disk,
    }


def print_findings(found: Sequence[Finding]) -> None:
    width = max(len(one.about) for one in found)
    for one in found:
        print(f"{MARKS[one.state]:<4}  {one.about:<{width}}  {one.fact}")
        if one.remedy:
            indent = " " * (width + 8)
            print(textwrap.fill(f"-> {one.remedy}", WIDTH, initial_indent=indent))
    problems = sum(one.state == "problem" for one in found)
    warnings = sum(one.state == "warning" for one in found)
    print(f"\n{problems} problems, {warnings} warnings")
