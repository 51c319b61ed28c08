"""`jmcp connect`: an MCP server over stdio that speaks for the jmcp which runs on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import uuid
from collections.abc import Sequence
from contextlib import suppress

from jmcp.cli import server_choice
from jmcp.cli.signals import cancel_at_signals
from jmcp.connect.messages import SERVER_ERROR, Unreadable, decoded, error_answer
from jmcp.connect.relay import Relay
from jmcp.core.errors import ServeError
from jmcp.options.older_options import CONNECT, names_one
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
JMCP_URL and JMCP_ROOT_DIR are --url and --root-dir. The jmcp serve that is started has its own variables and config.toml.

With an option of jupyter-mcp-server (--jupyter-mcp-server-url, --document-url, --document-id ...) it
does what it does there: it tells a running server which Jupyter and which notebook to work in.
"""
MAX_LINE_BYTES = 2**30
"""A bound for this process; the server has its own, and its error says so."""
OLDER_SERVER_VARIABLE = "JUPYTER_MCP_SERVER_URL"
REFUSAL_SECONDS = 5.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp connect",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # an abbreviation would become another option one day
    )
    server_choice.add_options(made)
    return made


def run(given: Sequence[str]) -> int:
    """Serve until the client closes stdin. Returns the exit status."""
    if names_one(CONNECT, list(given)):
        # Imported here: a client waits for this command, and its older meaning imports more.
        from jmcp.cli import older_requests

        return older_requests.connect(given)
    arguments = parser().parse_args(given)
    if sys.stdin is not None and sys.stdin.isatty():
        say("this speaks MCP with the program that starts it: jmcp install CLIENT configures one")
    if os.environ.get(OLDER_SERVER_VARIABLE):
        say(
            f"{OLDER_SERVER_VARIABLE} is for jupyter-mcp-server's connect, which needs one of its options "
            "(--document-id ...); this finds a server by itself, or takes --url"
        )
    # Before anything can print.
    fds = StdioFds.claim()
    return asyncio.run(serve(arguments, fds))


async def serve(arguments: argparse.Namespace, fds: StdioFds) -> int:
    writer = DescriptorWriter(fds.stdout, lambda _: None)
    lines = LineReader(fds.stdin, MAX_LINE_BYTES, writer.write)
    try:
        relay = Relay(
            server_choice.servers_of(arguments, say), writer.write, connection=uuid.uuid4().hex
        )
        server = (await relay.open()).server
    except ServeError as error:
        say(str(error))
        if not os.isatty(fds.stdin):
            await refuse(lines, writer, str(error))
        return 1
    version = f" {server.version}" if server.version else ""
    say(f"connected to jmcp{version} at {server.url}, on {server.place}")
    serving = asyncio.ensure_future(relay.run(lines))
    cancel_at_signals(serving)
    with suppress(asyncio.CancelledError):
        await serving
    return 0


async def refuse(lines: LineReader, writer: DescriptorWriter, reason: str) -> None:
    """Answer the first request with why there is no server: clients show that, and hide stderr."""
    with suppress(TimeoutError, StopAsyncIteration, Unreadable, OSError):
        async with asyncio.timeout(REFUSAL_SECONDS):
            while not (message := decoded(await anext(lines))).is_request:
                pass
            answer = error_answer(message.id, SERVER_ERROR, f"jmcp connect: {reason}")
            await writer.write(f"{answer}\n")


def say(line: str) -> None:
    with suppress(OSError):  # nobody reads it
        sys.stderr.write(f"jmcp connect: {line}\n")
        sys.stderr.flush()
