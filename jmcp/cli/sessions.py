"""`jmcp sessions`: lists, shows and removes the sessions of a place, with or without a server there;
moves and copies them (`session_moves`)."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmcp.cli import session_moves
from jmcp.cli.session_moves import MOVES, add_arguments
from jmcp.core.errors import BackendError, ServeError
from jmcp.hosting.jupyter_address import jupyter_address
from jmcp.options import sources
from jmcp.options.cli_arguments import add_options
from jmcp.options.table import BY_NAME
from jmcp.state.token import config_folder

if TYPE_CHECKING:
    from jmcp.state.session_file import Row, SessionFile

PLACE_OPTIONS = ("root_dir", "jupyter_url", "document_url", "store", "session_hours")
COLUMNS = ("", "SESSION", "OWNER", "LAST USED", "NOTEBOOKS")


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "sessions",
        help="list, show, remove, move and back up the sessions of a folder or of a Jupyter Server",
        description="The sessions of the place that jmcp serve works on with the same options, "
        "variables and config.toml. Their ids are masked: who has one can use it.",
    )
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, about in (
        ("list", "all live sessions, the oldest first"),
        ("show", "what one holds"),
        ("remove", "end one: its agent has to open its notebooks again"),
        *MOVES.items(),
    ):
        action = actions.add_parser(name, help=about, description=about)
        if name in MOVES:
            add_arguments(action, name)
        elif name != "list":
            action.add_argument(
                "session", metavar="SESSION", help="its number in the list, or how its id begins"
            )
        action.add_argument("--json", action="store_true", help="for programs")
        add_options(action, [BY_NAME[option] for option in PLACE_OPTIONS])
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command. Raises ServeError."""
    explicit = sources.explicit_values(vars(arguments), os.environ)
    values = sources.resolved(explicit, sources.from_file(config_folder()))
    try:
        if arguments.action in MOVES:
            session_moves.run(arguments, _place(values), values, _say)
        else:
            asyncio.run(_run(arguments, values))
    except BackendError as error:
        from jmcp.state.folder import state_folder

        folder = state_folder(_place(values))
        raise ServeError(f"{error.message} (in {folder})") from error


async def _run(arguments: argparse.Namespace, values: dict[str, Any]) -> None:
    # Imported here, so that other commands do not wait for its imports.
    from jmcp.state.session_file import open_session_file

    file = open_session_file(_place(values), values["store"], values["session_hours"])
    try:
        rows = await file.rows()
        if arguments.action == "list":
            _list(rows, file, as_json=arguments.json)
            return
        row = _chosen(rows, arguments.session)
        if arguments.action == "show":
            _show(row, as_json=arguments.json)
        else:
            await _remove(row, file, as_json=arguments.json)
    finally:
        await file.close()


def _place(values: dict[str, Any]) -> str:
    """The place that `jmcp serve` with the same options works on."""
    url = values["document_url"] or values["jupyter_url"]
    if url:
        return jupyter_address("document", url, "").url
    return str((values["root_dir"] or Path()).resolve())


def _chosen(rows: Sequence[Row], session: str) -> Row:
    """The session with that number, or whose id begins so. Raises ServeError for none or several."""
    begins = session.rstrip("*")
    found = [row for row in rows if str(row.number) == session]
    found = found or [row for row in rows if begins and row.session_id.startswith(begins)]
    if len(found) == 1:
        return found[0]
    if not rows:
        raise ServeError("there are no live sessions here; jmcp sessions list --help says where")
    which = f"{len(found)} sessions match" if found else "no session matches"
    raise ServeError(
        f"{which} {session!r} ({len(rows)} live); give its number from jmcp sessions list, or more "
        "of its id"
    )


def _list(rows: Sequence[Row], file: SessionFile, *, as_json: bool) -> None:
    if as_json:
        _print_json([row.public() for row in rows])
        return
    if not rows:
        _say(f"No live sessions in {file.place}.")
        return
    now = time.time()
    table = [COLUMNS] + [
        (
            str(row.number),
            row.masked,
            row.owner,
            f"{_duration(now - row.record.last_accessed)} ago",
            ", ".join(row.paths),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(COLUMNS))]
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        _say("  ".join(cells).rstrip())


def _show(row: Row, *, as_json: bool) -> None:
    if as_json:
        _print_json(row.public())
        return
    now = time.time()
    _say(f"session    {row.masked} of {row.owner}")
    _say(f"opened     {_duration(now - row.record.created)} ago")
    _say(f"last used  {_duration(now - row.record.last_accessed)} ago")
    if (paused := row.record.paused) is not None:
        _say(f"paused     {_duration(now - paused.at)} ago, by a person")
    for held in row.record.notebooks.values():
        current = " (current)" if held.ref.key == row.record.current else ""
        _say(f"notebook   {held.ref.path}{current}")
        if held.kernel_id is not None:
            started = ", started by this session" if held.started_kernel else ""
            private = ", private" if held.private else ""
            _say(f"  kernel   {held.kernel_id}{started}{private}")


async def _remove(row: Row, file: SessionFile, *, as_json: bool) -> None:
    removed = await file.remove(row)
    kernels = row.started_kernels if removed else []
    if as_json:
        _print_json({"removed": removed, "session": row.masked, "kernels_left": kernels})
        return
    if not removed:
        _say(f"{row.masked} was gone already.")
        return
    _say(
        f"Removed {row.masked} of {row.owner}. Its next call is told that there is no such session."
    )
    for kernel_id in kernels:
        _say(f"Kernel {kernel_id}, which it started, is not stopped: stop it in JupyterLab.")


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _print_json(value: Any) -> None:
    _say(json.dumps(value, indent=2, ensure_ascii=False))


def _say(line: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
