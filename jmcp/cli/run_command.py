"""`jmcp run NOTEBOOK`: runs a whole notebook through a jmcp server."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmcp.cli import server_choice
from jmcp.client.failures import TransportError
from jmcp.client.started_server import project_folder
from jmcp.core.errors import ServeError, ToolError
from jmcp.notebook_runs.notebook_file import InjectedCell, NotebookFile
from jmcp.notebook_runs.parameters import given as parameter
from jmcp.state.running_servers import RunningServer, running_servers

if TYPE_CHECKING:
    from jmcp.notebook_runs.run import NotebookRun, RunOptions

HELP = "run a notebook: its cells one after the other, with a progress bar and an exit status"
DESCRIPTION = """\
Run a notebook's code cells one after the other, through the jmcp that runs on this machine (found as
by jmcp connect; one is started where none serves the notebook's folder). Whoever has the notebook open
in JupyterLab sees it live, and each change is in the journal. It is run in a kernel of its own, which
ends with it.

With --output a copy is run and the notebook itself is left as it is, as by papermill: parameters go
into a cell tagged injected-parameters, after the one tagged parameters. Without it the notebook itself
is run, as by jupyter execute --inplace.
"""
EPILOG = """\
exit status:
  0    all cells ran
  1    a cell failed, or took longer than --cell-timeout
  2    wrong arguments
  3    it could not be run to its end: no server, no such notebook, the kernel died, no connection
  130  interrupted (Ctrl-C); the second Ctrl-C does not wait for the cell to end
"""
FAILED, UNABLE, INTERRUPTED = 1, 3, 130
STATUSES = {"ok": 0, "failed": FAILED, "interrupted": INTERRUPTED, "lost": UNABLE}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp run",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("notebook", metavar="NOTEBOOK", type=Path, help="its file")
    made.add_argument(
        "-p",
        "--parameter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_parameter,
        help="set a variable: a scalar as YAML has it, or JSON; '\"7\"' is a text",
    )
    made.add_argument(
        "-o", "--output", metavar="PATH", type=Path, help="run a copy there; it is replaced"
    )
    made.add_argument("-k", "--kernel", metavar="NAME", help="the kernelspec, instead of its own")
    made.add_argument(
        "--shared-kernel",
        action="store_true",
        help="run in the notebook's own kernel, with the variables that it has",
    )
    made.add_argument(
        "--cell-timeout",
        metavar="SECONDS",
        type=_seconds,
        default=0.0,
        help="interrupt a cell after so long, and end there",
    )
    made.add_argument(
        "--allow-errors", action="store_true", help="go on after a cell that failed (status 1)"
    )
    made.add_argument("--json", action="store_true", help="print a summary for programs")
    made.add_argument("-q", "--quiet", action="store_true", help="no progress")
    server_choice.add_options(made)
    made.add_argument("--token", help="the token of the server; else the one it keeps for you")
    return made


def _parameter(text: str) -> tuple[str, Any]:
    try:
        return parameter(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, at most 86400")
    return seconds


def run(given: Sequence[str]) -> int:
    """Returns the exit status."""
    made = parser()
    arguments = made.parse_args(given)
    if arguments.kernel is not None and arguments.shared_kernel:
        made.error("--kernel starts a kernel, and --shared-kernel takes the one that is there")
    try:
        return asyncio.run(_run(arguments))
    except (ServeError, TransportError) as error:
        return _unable(arguments, str(error))
    except ToolError as error:
        return _unable(arguments, error.message)
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("ended without waiting for the cell; jmcp watch shows whether it still runs")
        return INTERRUPTED


async def _run(arguments: argparse.Namespace) -> int:
    """Raises ServeError, TransportError, ToolError."""
    # Imported here: help and wrong arguments do not wait for these.
    from jmcp.notebook_runs.run import RunOptions, run_notebook
    from jmcp_api.client import AsyncJmcpClient

    source: Path = arguments.notebook.absolute()
    target: Path = (arguments.output or arguments.notebook).absolute()
    copies = arguments.output is not None and not _same(source, target)
    server = await _server(arguments, source)
    root = Path(server.root_dir) if server.root_dir is not None and server.is_here else None
    if root is None:
        _only_there(arguments, server)
        options = RunOptions(notebook=arguments.notebook.as_posix())
    else:
        notebook = _within(root, target, server, "the output" if copies else "the notebook")
        file = NotebookFile(source)
        injected = _injected(arguments, file)
        sources = file.copy_to(target, injected) if copies else None
        options = RunOptions(
            notebook=notebook,
            injected=None if copies else injected,
            sources=sources,
            may_fail=file.may_fail(),
        )
    stop = _stop_at_signals()
    client = AsyncJmcpClient(url=server.url, token=arguments.token or server.token or None)
    return await _watched(arguments, client, _with(options, arguments), stop, run_notebook)


async def _watched(
    arguments: argparse.Namespace,
    client: Any,
    options: RunOptions,
    stop: asyncio.Event,
    run_notebook: Callable[..., Any],
) -> int:
    from rich.console import Console

    from jmcp.terminal.run_progress import RunBars, RunLines, show_end

    console = Console(stderr=True)
    quiet = Console(stderr=True, quiet=True)
    watcher: RunBars | RunLines
    if console.is_terminal and not arguments.quiet:
        watcher = RunBars(console)
    else:
        watcher = RunLines(quiet if arguments.quiet else console)
    try:
        done: NotebookRun = await run_notebook(client, options, watcher, stop)
    finally:
        if isinstance(watcher, RunBars):
            watcher.close()
    failed = any(cell.status != "ok" for cell in done.cells)
    status = STATUSES[done.status] or (FAILED if failed and arguments.allow_errors else 0)
    where = str(arguments.output or arguments.notebook)
    if arguments.json:
        print(json.dumps(_summary(done, where, status), indent=2, ensure_ascii=False))
    if not arguments.quiet or status:
        show_end(done, console, where=where)
    return status


def _with(options: RunOptions, arguments: argparse.Namespace) -> RunOptions:
    from dataclasses import replace

    return replace(
        options,
        cell_timeout=arguments.cell_timeout,
        kernel=arguments.kernel,
        own_kernel=not arguments.shared_kernel,
        go_on=arguments.allow_errors,
    )


async def _server(arguments: argparse.Namespace, source: Path) -> RunningServer:
    """The server that is named, or the one that serves the notebook's folder, or one that is started
    there. Raises ServeError."""
    if arguments.root_dir is None and arguments.url is None:
        arguments.root_dir = _root_for(source)
    servers = server_choice.servers_of(arguments, say, arguments.token)
    return await servers.available(0)


def _root_for(source: Path) -> Path:
    """The innermost folder around the notebook that a server of this user serves, or the one for a new
    server. Raises ServeError."""
    if not source.is_file():
        raise ServeError(f"there is no notebook {source}")
    here = source.resolve()
    roots = [Path(one.root_dir) for one in running_servers().servers if one.root_dir]
    around = [root for root in roots if here.is_relative_to(root)]
    innermost = max(around, key=lambda root: len(root.parts), default=None)
    return innermost or project_folder(here.parent)


def _within(root: Path, path: Path, server: RunningServer, what: str) -> str:
    """The path as the server has it. Raises ServeError."""
    resolved = path.parent.resolve() / path.name
    if not resolved.is_relative_to(root):
        raise ServeError(
            f"{what} {path} is outside of {root}, the folder of the jmcp at {server.url}. "
            + (
                "Give an --output below that folder, and move it afterwards"
                if what == "the output"
                else "Move it there, or leave --root-dir and --url out: a server is then started on "
                "its own folder"
            )
        )
    return resolved.relative_to(root).as_posix()


def _only_there(arguments: argparse.Namespace, server: RunningServer) -> None:
    """Raises ServeError for what needs the notebook's file."""
    if arguments.output is not None or arguments.parameter:
        option = "--output" if arguments.output is not None else "--parameter"
        raise ServeError(
            f"{option} needs the notebook's file, and the jmcp at {server.url} serves a folder that "
            "is not on this machine; run the command there"
        )


def _injected(arguments: argparse.Namespace, file: NotebookFile) -> InjectedCell | None:
    if not arguments.parameter:
        return None
    if not file.has_parameters_cell:
        say("no cell is tagged parameters: they are set in a new first cell")
    return file.injected(dict(arguments.parameter))


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return one == other


def _stop_at_signals() -> asyncio.Event:
    """Set by the first Ctrl-C. The second one ends this process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    assert main is not None

    def signalled() -> None:
        if stop.is_set():
            main.cancel()
            return
        stop.set()
        say("interrupting; once more ends at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows the process ends at once
            loop.add_signal_handler(number, signalled)
    return stop


def _summary(done: NotebookRun, where: str, status: int) -> dict[str, Any]:
    return {
        "status": done.status,
        "exit_status": status,
        "notebook": where,
        "seconds": round(done.seconds, 3),
        "total": done.total,
        "saved": done.saved,
        "problem": done.problem,
        "cells": [
            {
                "cell_index": one.cell.index,
                "cell_id": one.cell.cell_id,
                "status": one.status,
                "seconds": round(one.seconds, 3),
                "error": one.error
                and {name: one.error.get(name) for name in ("ename", "evalue", "traceback")},
                "notices": list(one.notices),
            }
            for one in done.cells
        ],
    }


def _unable(arguments: argparse.Namespace, problem: str) -> int:
    if arguments.json:
        print(json.dumps({"status": "lost", "exit_status": UNABLE, "problem": problem}, indent=2))
    say(problem)
    return UNABLE


def say(line: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"jmcp run: {line}\n")
        sys.stderr.flush()
