"""`jmcp call TOOL`: one call of a tool, from a shell."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import jmcp_api
from jmcp.cli import server_choice
from jmcp.cli.tool_arguments import ToolParser
from jmcp.client.answer import Answer, Progress
from jmcp.client.calls import SESSION, Calls
from jmcp.client.connection import Connection
from jmcp.client.failures import TransportError
from jmcp.client.outcomes import has_error
from jmcp.client.tool import ClientTool
from jmcp.core.errors import ServeError, ToolError
from jmcp.plugins.client_tools import added_tools
from jmcp.state.shell_sessions import ShellSession
from jmcp_api import phrases
from jmcp_api.client_tools import CLIENT_TOOLS
from jmcp_api.errors import ERRORS, SessionNotFound
from jmcp_api.mcp import LISTING_FILE, TOOLSETS

HELP = "call a tool of the jmcp that runs here"
DESCRIPTION = """\
Call one tool of the jmcp that runs on this machine, which is found as by jmcp connect, and print
what a model would read of its result. Calls of one terminal go on in one session: use_notebook opens
it, and execute_cell works in it.
"""
EPILOG = """\
A text can be @FILE, or - for stdin. The exit status is 0, or 1 where the call or its code has
failed, or 2 for wrong arguments.
"""
VALUED = frozenset(("--root-dir", "--url", "--token", "--output-dir"))
ERASE_LINE = "\r\x1b[K"
INTERRUPTED = 130


def run(given: Sequence[str]) -> int:
    """Returns the exit status."""
    if isinstance(sys.stdout, TextIOWrapper):  # a kernel may print what no encoding has
        sys.stdout.reconfigure(errors="replace")
    options = option_parser()
    at = tool_place(given)
    if at is None:
        return overview(options, given)
    name = given[at]
    known = chosen(name.replace("-", "_"))
    if known is None:
        near = difflib.get_close_matches(name, CLIENT_TOOLS, n=1)
        meant = f" Did you mean {near[0]}?" if near else " jmcp call --help lists them."
        return fail(f"there is no tool {name!r}.{meant}", status=2)
    entry, tool = known
    parser = ToolParser(entry, options, EPILOG)
    found, arguments = parser.parsed([*given[:at], *given[at + 1 :]])
    try:
        return asyncio.run(called(found, tool, {**tool.patient, **arguments}))
    except ServeError as error:
        return fail(str(error))
    except TransportError as error:
        return fail(str(error))
    except ToolError as error:
        return fail(phrases.error_lines(message=error.message, code=error.code))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads has enough, as head has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def option_parser() -> argparse.ArgumentParser:
    """What every call takes, before its tool or behind it."""
    made = argparse.ArgumentParser(add_help=False)
    group = made.add_argument_group("options")
    group.add_argument("-h", "--help", action="help", help="show this and exit")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument(
        "--output-dir", type=Path, metavar="DIR", help="save the images of the result there"
    )
    server_choice.add_options(group)
    group.add_argument("--token", help="the token of the server; else the one it keeps for you")
    return made


def tool_place(given: Sequence[str]) -> int | None:
    """Where the name of the tool stands: the first word that is no option and no value of one."""
    skip = False
    for at, word in enumerate(given):
        if skip:
            skip = False
        elif not word.startswith("-"):
            return at
        else:
            skip = word in VALUED
    return None


def overview(options: argparse.ArgumentParser, given: Sequence[str]) -> int:
    """The tools by toolset, for --help; without that, too, but as an error."""
    added = added_tools()
    known = {**entries(), **{name: one.entry for name, one in added.tools.items()}}
    width = max(map(len, known))
    lines = [DESCRIPTION]
    for toolset, names in {**TOOLSETS, **added.by_toolset()}.items():
        lines += [f"{toolset}:", *(f"  {one:<{width}}  {known[one]['title']}" for one in names), ""]
    parser = argparse.ArgumentParser(
        prog="jmcp call",
        usage="jmcp call [OPTIONS] TOOL [--ARGUMENT VALUE ...]",
        description="\n".join(lines),
        epilog=f"jmcp call TOOL --help shows the arguments of one.\n{EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[options],
        add_help=False,
        allow_abbrev=False,
    )
    parser.parse_args(given)
    parser.error("which tool? jmcp call --help lists them")


def entries() -> Mapping[str, Mapping[str, Any]]:
    """The tools as MCP clients see them, from the generated file."""
    listed = json.loads(Path(jmcp_api.__file__).with_name(LISTING_FILE).read_bytes())
    return {entry["name"]: entry for entry in listed}


def chosen(name: str) -> tuple[Mapping[str, Any], ClientTool] | None:
    """A tool of jmcp, or one of another package that is installed here too."""
    if name in CLIENT_TOOLS:
        return entries()[name], CLIENT_TOOLS[name]
    added = added_tools().tools.get(name)
    return None if added is None else (added.entry, added.tool)


async def called(found: argparse.Namespace, tool: ClientTool, arguments: dict[str, Any]) -> int:
    """Make the call and print its result. Raises ServeError, ToolError, TransportError."""
    servers = server_choice.servers_of(found, say, found.token)
    connection = Connection(servers, token=found.token, errors=ERRORS, phrases=phrases)
    shell = ShellSession((await connection.endpoint()).server.place)
    calls = Calls(connection, shell.read())
    before = calls.session_id
    line = ProgressLine() if sys.stderr.isatty() else None
    try:
        answer = await answered(calls, tool, arguments, line)
    finally:
        if line is not None:
            line.erase()
        if calls.session_id != before:
            shell.write(calls.session_id)
    show(answer, tool, found)
    return int(has_error(answer.result))


async def answered(
    calls: Calls, tool: ClientTool, arguments: dict[str, Any], line: ProgressLine | None
) -> Answer:
    """Raises ServeError, ToolError, TransportError."""
    own = calls.session_id
    try:
        return await calls.call(tool, arguments, line)
    except SessionNotFound:
        if own is None or SESSION in arguments:
            raise
        # It ended, of age or by somebody. Whoever calls has not named it, and is told what there is.
        calls.session_id = None
        return await calls.call(tool, arguments, line)


class ProgressLine:
    """The last line of a terminal, which says how far a call is."""

    def __call__(self, progress: Progress) -> None:
        told = (progress.message or "").partition("\n")[0]
        width = shutil.get_terminal_size().columns - 1
        self._write(f"{ERASE_LINE}{told[:width]}")

    def erase(self) -> None:
        self._write(ERASE_LINE)

    def _write(self, text: str) -> None:
        with suppress(OSError):  # nobody is there to see it
            sys.stderr.write(text)
            sys.stderr.flush()


def show(answer: Answer, tool: ClientTool, found: argparse.Namespace) -> None:
    if found.json:
        print(json.dumps(answer.result, ensure_ascii=False, indent=2))
    else:
        print(answer.text)
    sys.stdout.flush()
    for number, image in enumerate(answer.images, 1):
        if found.output_dir is None:
            say(f"{image.mime_type}, {len(image.data):,} bytes: --output-dir DIR saves it")
            continue
        found.output_dir.mkdir(parents=True, exist_ok=True)
        path = found.output_dir / f"{tool.name}-{number}{image.suffix}"
        path.write_bytes(image.data)
        say(f"saved {path}")


def say(line: str) -> None:
    print(f"jmcp call: {line}", file=sys.stderr)


def fail(message: str, status: int = 1) -> int:
    say(message)
    return status
