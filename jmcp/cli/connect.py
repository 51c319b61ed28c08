"""`jmcp connect`: an MCP server over stdio that speaks for the jmcp which runs on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jmcp.client.choice import Wanted
from jmcp.client.servers import Servers
from jmcp.client.started_server import StartedServer, project_folder
from jmcp.connect.messages import SERVER_ERROR, Unreadable, decoded, error_answer
from jmcp.connect.relay import Relay
from jmcp.core.errors import ServeError
from jmcp.transport.mcp.descriptor_writer import DescriptorWriter
from jmcp.transport.mcp.lines import LineReader
from jmcp.transport.mcp.stdio_fds import StdioFds

HELP = "connect an MCP client to the jmcp that runs here, and start one where none does"
DESCRIPTION = """\
An MCP server over stdio that speaks for the jmcp which runs on this machine: jmcp serve, or jmcp
inside any Jupyter. It finds its address and a token by itself, and follows it when it is started
again. So `jmcp connect` is all that the configuration of an MCP client needs; jmcp install writes it.

Where no jmcp runs, it starts jmcp serve on the folder that the client works in. That one stays when
the client leaves, with its kernels, and ends by itself when it was unused for some hours.
"""
EPILOG = """\
Variables: JMCP_TOKEN is the token for a --url that is not in this user's runtime folder, and
JMCP_ROOT_DIR is --root-dir. The jmcp serve that is started has its own variables and config.toml.
"""
MAX_LINE_BYTES = 2**30
"""A bound for this process; the server has its own, and its error says so."""
REFUSAL_SECONDS = 5.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp connect",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # an abbreviation would become another option one day
    )
    which = made.add_mutually_exclusive_group()
    which.add_argument(
        "--root-dir", metavar="DIR", type=Path, help="the server of that folder, where several run"
    )
    which.add_argument("--url", metavar="URL", help="the server at that address")
    made.add_argument("--no-start", action="store_true", help="start no jmcp serve where none runs")
    return made


def run(given: Sequence[str]) -> int:
    """Serve until the client closes stdin. Returns the exit status."""
    arguments = parser().parse_args(given)
    if sys.stdin is not None and sys.stdin.isatty():
        say("this speaks MCP with the program that starts it: jmcp install CLIENT configures one")
    # Before anything can print.
    fds = StdioFds.claim()
    return asyncio.run(serve(arguments, fds))


async def serve(arguments: argparse.Namespace, fds: StdioFds) -> int:
    writer = DescriptorWriter(fds.stdout, lambda _: None)
    lines = LineReader(fds.stdin, MAX_LINE_BYTES, writer.write)
    try:
        relay = Relay(servers_of(arguments), writer.write, connection=uuid.uuid4().hex)
        server = (await relay.open()).server
    except ServeError as error:
        say(str(error))
        if not os.isatty(fds.stdin):
            await refuse(lines, writer, str(error))
        return 1
    version = f" {server.version}" if server.version else ""
    say(f"connected to jmcp{version} at {server.url}, on {server.place}")
    serving = asyncio.ensure_future(relay.run(lines))
    stop_at_signals(serving)
    with suppress(asyncio.CancelledError):
        await serving
    return 0


def servers_of(arguments: argparse.Namespace) -> Servers:
    """Raises ServeError."""
    root: Path | None = arguments.root_dir
    if root is None and arguments.url is None and os.environ.get("JMCP_ROOT_DIR"):
        root = Path(os.environ["JMCP_ROOT_DIR"])
    if root is not None:
        root = root.expanduser().resolve()
        if not root.is_dir():
            raise ServeError(f"{root} is not a folder; name one with --root-dir")
    url: str | None = arguments.url
    if url is not None:
        if not url.startswith(("http://", "https://")):
            raise ServeError(f"--url {url} is not an address, as in http://127.0.0.1:8888")
        url = url.rstrip("/").removesuffix("/mcp")
    wanted = Wanted(url=url, root_dir=root, here=Path.cwd())
    start = None if arguments.no_start else start_server
    return Servers(wanted, start=start, token=os.environ.get("JMCP_TOKEN", ""), say=say)


def start_server(root: Path | None) -> StartedServer:
    """Start jmcp serve on that folder, or on the user's: the configured one, else the one that the
    client works in. Raises ServeError."""
    # Imported here: the options import more than all of this command.
    from jmcp.options import sources
    from jmcp.state.token import config_folder

    variables = sources.from_variables(dict(os.environ))
    values = sources.resolved(variables, sources.from_file(config_folder()))
    root = root or values["root_dir"] or project_folder(Path.cwd())
    if not root.is_dir():
        raise ServeError(f"{root} is not a folder; name one with --root-dir")
    # Any free port, unless one is configured: whoever connects finds it in the runtime folder.
    return StartedServer(root.resolve(), ["--port", str(values["port"] or 0)])


async def refuse(lines: LineReader, writer: DescriptorWriter, reason: str) -> None:
    """Answer the first request with why there is no server: clients show that, and hide stderr."""
    with suppress(TimeoutError, StopAsyncIteration, Unreadable, OSError):
        async with asyncio.timeout(REFUSAL_SECONDS):
            while not (message := decoded(await anext(lines))).is_request:
                pass
            answer = error_answer(message.id, SERVER_ERROR, f"jmcp connect: {reason}")
            await writer.write(f"{answer}\n")


def stop_at_signals(serving: asyncio.Future[None]) -> None:
    """End as when the client closes stdin."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows the process ends at once
            loop.add_signal_handler(number, serving.cancel)


def say(line: str) -> None:
    with suppress(OSError):  # nobody reads it
        sys.stderr.write(f"jmcp connect: {line}\n")
        sys.stderr.flush()
