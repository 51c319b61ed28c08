"""`jmcp watch`: what goes on in a server, live in a terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from jmcp.cli import server_choice
from jmcp.cli.signals import cancel_at_signals
from jmcp.client.event_stream import Event, EventStream
from jmcp.client.http_request import ConnectionLost, HttpRequest, NotConnected
from jmcp.client.servers import Endpoint, Servers
from jmcp.core.errors import ServeError
from jmcp.state.running_servers import RunningServer
from jmcp.terminal.activity_state import ActivityState

HELP = "watch the sessions, runs and calls of a server, live"
DESCRIPTION = """\
What goes on in the jmcp that runs on this machine, live: sessions with their clients, notebooks and
kernels; the runs that go on or wait; the last calls. Sessions are masked, as by jmcp sessions list.
What other owners do is shown where the token has the scope admin, as that of the server's own user
has, without what their cells and calls contain.

q or Ctrl-C ends it. Without a terminal it prints a line for each call and run.
"""
EPILOG = """\
--json prints an object for each event: {"event": ..., "data": ...}, as GET /jmcp/v1/activity has them.
exit status: 0, or 1 where there is no server or it refuses, or 2 for wrong arguments
"""
PATH = "/jmcp/v1/activity"
EVENTS = "text/event-stream"
DRAW_SECONDS = 0.5
"""Durations grow while nothing happens."""
SILENCE_SECONDS = 60.0
"""The server sends a comment every 15 seconds."""
AGAIN_SECONDS = 1.0
RESTART_SECONDS = 10.0
QUIT = frozenset("qQ\x03\x04")


class NotFollowed(Exception):
    """The server does not show what goes on. `forbidden`: not of all owners."""

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="jmcp watch",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--once", action="store_true", help="print how it is now, and end")
    made.add_argument("--own", action="store_true", help="only what belongs to the token's owner")
    made.add_argument("--json", action="store_true", help="for programs: a line for each event")
    server_choice.add_options(made, starts=False)
    made.add_argument("--token", help="the token of the server; else the one it keeps for you")
    return made


def run(given: Sequence[str]) -> int:
    """Returns the exit status."""
    arguments = parser().parse_args(given)
    try:
        return asyncio.run(_run(arguments))
    except (ServeError, NotFollowed) as error:
        say(str(error))
        return 1
    except BrokenPipeError:
        # Whoever read it has left; else Python would complain when it flushes.
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return 0


async def _run(arguments: argparse.Namespace) -> int:
    follower = Follower(
        server_choice.servers_of(arguments, say, arguments.token),
        token=arguments.token,
        everyone=not arguments.own,
    )
    await follower.find()
    live = not (arguments.once or arguments.json) and sys.stdout.isatty()
    shown = _live(follower) if live else _printed(follower, arguments)
    showing = asyncio.ensure_future(shown)
    cancel_at_signals(showing)
    with suppress(asyncio.CancelledError):
        await showing
    return 0


class Follower:
    """Follows the activity of a server, through its restarts."""

    def __init__(self, servers: Servers, *, token: str | None, everyone: bool) -> None:
        self._servers = servers
        self._token = token
        self._everyone = everyone
        self._found: RunningServer | None = None

    @property
    def server(self) -> RunningServer:
        assert self._found is not None
        return self._found

    @property
    def title(self) -> str:
        whose = "" if self._everyone else " (your own sessions)"
        version = f" {self.server.version}" if self.server.version else ""
        return f"jmcp{version} at {self.server.url} on {self.server.place}{whose}"

    async def find(self, wait_seconds: float = 0) -> None:
        """Raises ServeError."""
        self._found = await self._servers.available(wait_seconds)

    async def events(self) -> AsyncIterator[Event]:
        """The events of one connection. Raises NotConnected, ConnectionLost, NotFollowed."""
        try:
            async for one in self._events():
                yield one
        except NotFollowed as refusal:
            if not (refusal.forbidden and self._everyone):
                raise
            self._everyone = False
            async for one in self._events():
                yield one

    async def snapshot(self) -> dict[str, Any]:
        """How it is now. Raises as `events`."""
        async for one in self.events():
            if one.kind == "activity":
                data: dict[str, Any] = json.loads(one.data)
                return data
        raise ConnectionLost("the server ended before it said what goes on")

    async def _events(self) -> AsyncIterator[Event]:
        endpoint = Endpoint(server=self.server)
        headers = {**endpoint.headers, "Accept": EVENTS}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        path = f"{PATH}?owners={'all' if self._everyone else 'own'}"
        request = await HttpRequest.sent(endpoint.address, "GET", path, headers)
        try:
            status, given = await request.answer()
            if not given.get("content-type", "").startswith(EVENTS):
                raise _refusal(endpoint.server, status, await request.body())
            stream = EventStream()
            parts = aiter(request.parts())
            while (part := await _heard(parts)) is not None:
                for one in stream.events(part):
                    yield one
        finally:
            request.close()


async def _heard(parts: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await anext(parts, None)
    except TimeoutError as error:
        raise ConnectionLost(f"silent for {SILENCE_SECONDS:g} s") from error


def _refusal(server: RunningServer, status: int, body: bytes) -> NotFollowed:
    try:
        problem = json.loads(body)
        code, detail = problem.get("code"), problem.get("detail")
    except (ValueError, AttributeError):
        code, detail = None, body.decode(errors="replace")[:200]
    if code == "not_permitted":
        return NotFollowed(f"the jmcp at {server.url} refuses: {detail}", forbidden=True)
    if status == 404:
        return NotFollowed(
            f"the jmcp at {server.url} is older ({server.version or 'unknown'}) and does not show what "
            "goes on; start it again with this version"
        )
    return NotFollowed(f"the jmcp at {server.url} refuses (status {status}): {detail}")


async def _printed(follower: Follower, arguments: argparse.Namespace) -> None:
    """Lines, tables once, or JSON. Raises NotFollowed, ServeError."""
    if arguments.once:
        try:
            data = await follower.snapshot()
        except (NotConnected, ConnectionLost) as error:
            raise ServeError(f"the jmcp at {follower.server.url} has gone: {error}") from error
        if arguments.json:
            print(json.dumps(data, ensure_ascii=False))
        else:
            _print_screen(follower, data)
        return
    from jmcp.terminal.activity_tables import ActivityLines

    lines = ActivityLines()
    async for one in _through_restarts(follower):
        data = json.loads(one.data)
        if arguments.json:
            print(json.dumps({"event": one.kind, "data": data}, ensure_ascii=False), flush=True)
        else:
            for line in lines.of(one.kind, data):
                print(line, flush=True)


def _print_screen(follower: Follower, data: dict[str, Any]) -> None:
    from rich.console import Console

    from jmcp.terminal.activity_tables import screen

    console = Console(highlight=False)
    state, at = ActivityState(), time.monotonic()
    state.apply("activity", data, at)
    height = console.height if console.is_terminal else 10_000
    console.print(
        screen(state, title=follower.title, width=console.width, height=height, at=at, hint="")
    )


async def _through_restarts(follower: Follower) -> AsyncIterator[Event]:
    """The events, also of the server that is started again. Raises NotFollowed, ServeError."""
    while True:
        try:
            async for one in follower.events():
                if one.kind != "end":
                    yield one
        except (NotConnected, ConnectionLost):
            pass
        yield Event(kind="away", data=json.dumps({"url": follower.server.url}))
        await asyncio.sleep(AGAIN_SECONDS)
        await follower.find(RESTART_SECONDS)


async def _live(follower: Follower) -> None:
    """The whole screen, until q. Raises NotFollowed, ServeError."""
    from rich.console import Console
    from rich.live import Live

    from jmcp.terminal.activity_tables import screen
    from jmcp.terminal.keys import keys

    state, console = ActivityState(), Console(highlight=False)
    changed, quits = asyncio.Event(), asyncio.Event()

    def pressed(key: str) -> None:
        if key in QUIT:
            quits.set()
            changed.set()

    async def read() -> None:
        async for one in _through_restarts(follower):
            if one.kind == "away":
                state.problem = f"{follower.server.url} has gone; waiting for it to come back"
            state.apply(one.kind, json.loads(one.data), time.monotonic())
            changed.set()

    reading = asyncio.create_task(read())
    reading.add_done_callback(lambda _: changed.set())
    try:
        with keys(pressed), Live(console=console, screen=True, auto_refresh=False) as shown:
            while not quits.is_set() and not reading.done():
                shown.update(
                    screen(
                        state,
                        title=follower.title,
                        width=console.width,
                        height=console.height,
                        at=time.monotonic(),
                        hint="q quits",
                    ),
                    refresh=True,
                )
                changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAW_SECONDS):
                        await changed.wait()
        if reading.done():
            reading.result()
    finally:
        reading.cancel()


def say(line: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"jmcp watch: {line}\n")
        sys.stderr.flush()
