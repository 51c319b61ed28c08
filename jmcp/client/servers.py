"""Finding the server that is meant, and starting one where none runs."""

from __future__ import annotations

import asyncio
import json
import platform
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from jmcp.client.choice import Wanted, chosen
from jmcp.client.http_request import Address, ConnectionLost, HttpRequest, NotConnected
from jmcp.client.started_server import START_SECONDS, StartedServer
from jmcp.core.errors import ServeError
from jmcp.core.loopback import is_loopback
from jmcp.core.stores.instance_lock import connected
from jmcp.state.running_servers import RunningServer, private_folder, running_servers
from jmcp.state.token import config_folder, kept_token

HEALTH_SECONDS = 5.0
"""A server that does not answer for so long is said not to: it has to answer while code runs."""
POLL_SECONDS = 0.1
STOPPING_SECONDS = 10.0
"""So long does a server take to stop, in which no other one is started on its folder."""

Health = Literal["healthy", "refuses", "login", "stopping", "silent"]
"""`login`: it refuses, and says where people log in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server takes requests, and the token that it knows."""

    server: RunningServer

    @property
    def address(self) -> Address:
        return Address(url=self.server.url, certificate=self.server.certificate)

    @property
    def headers(self) -> dict[str, str]:
        token = self.server.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def about(self) -> Mapping[str, Any]:
        """What it says of itself; empty where it does not."""
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                request = await HttpRequest.sent(self.address, "GET", "/mcp/healthz", self.headers)
                try:
                    status, _ = await request.answer()
                    told = json.loads(await request.body()) if status == 200 else {}
                finally:
                    request.close()
        except (NotConnected, ConnectionLost, TimeoutError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    async def health(self) -> Health:
        """What it answers now. Sends its token to nobody else: its process holds its port."""
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                request = await HttpRequest.sent(self.address, "GET", "/mcp/healthz", self.headers)
                try:
                    status, headers = await request.answer()
                finally:
                    request.close()
        except (NotConnected, ConnectionLost, TimeoutError):
            return "silent"
        if asks_for_login(status, headers):
            return "login"
        if status == 503:
            return "stopping"
        return "healthy" if status == 200 else "refuses"


class Servers:
    """The servers of this machine, of which one is wanted. `say` gets sentences for a person.

    `start` makes a server on a folder, by default one that it chooses; None where none is to be
    started, and `advice` says then what to do.
    """

    def __init__(
        self,
        wanted: Wanted,
        *,
        start: Callable[[Path | None], StartedServer] | None,
        token: str,
        say: Callable[[str], None],
        advice: str = "start it with jmcp serve, or leave --no-start out",
    ) -> None:
        self._wanted = wanted
        self._start = start
        self._token = token
        self._say = say
        self._advice = advice
        self._said: set[str] = set()
        self._own: StartedServer | None = None
        self._stopping = False

    async def running(self) -> RunningServer | None:
        """The one that is wanted, if it runs and answers. Raises ServeError."""
        self._stopping = False
        found = running_servers()
        for sentence in found.refused:
            self._say_once(sentence)
        health = await asyncio.gather(*(Endpoint(server=one).health() for one in found.servers))
        by_health: dict[Health, list[RunningServer]] = {}
        for server, state in zip(found.servers, health, strict=True):
            by_health.setdefault("refuses" if state == "login" else state, []).append(server)
        healthy = chosen(by_health.get("healthy", []), self._wanted)
        if healthy is not None:
            return healthy
        self._stopping = chosen(by_health.get("stopping", []), self._wanted) is not None
        here = [one for one in by_health.get("silent", []) if one.is_here]
        if (silent := chosen(here, self._wanted)) is not None:
            raise ServeError(
                f"the jmcp at {silent.url} (process {silent.pid}, on {silent.place}) has not answered "
                f"for {HEALTH_SECONDS:g} s; look at its log, or end it"
            )
        if (other := chosen(by_health.get("refuses", []), self._wanted)) is not None:
            raise ServeError(_refusal(other))
        if self._wanted.url is not None and not by_health.get("stopping"):
            return await self._at(self._wanted.url)
        return None

    async def available(self, wait_seconds: float) -> RunningServer:
        """The one that is wanted: the running one, within so many seconds, or else one that is
        started. Nobody waits for one that was started here to be started by somebody else.

        Raises ServeError.
        """
        server = await self._within(0 if self._own is not None else wait_seconds)
        if server is None:
            if self._start is None or self._wanted.url or self._wanted.jupyter_url:
                raise ServeError(self._absence())
            server = await self._started(self._start)
        self._wanted = self._wanted.pinned(server)
        return server

    async def _within(self, seconds: float) -> RunningServer | None:
        begun = asyncio.get_running_loop().time()
        while True:
            server = await self.running()
            # One that is stopping may be on its way to being started again.
            patience = max(seconds, STOPPING_SECONDS) if self._stopping else seconds
            if server is not None or asyncio.get_running_loop().time() >= begun + patience:
                return server
            await asyncio.sleep(POLL_SECONDS)

    async def _at(self, url: str) -> RunningServer | None:
        """The server at an address that no file names: one of another machine, or in a container."""
        token = self._token
        if not token and is_loopback(urlsplit(url).hostname or ""):
            token = kept_token(config_folder())
        server = RunningServer(
            url=url,
            token=token,
            pid=0,
            version="",
            machine=platform.node(),
            jupyter_url=url,
        )
        state = await Endpoint(server=server).health()
        if state == "login":
            raise ServeError(_login(server))
        if state == "refuses":
            raise ServeError(_refusal(server))
        return server if state == "healthy" else None

    async def _started(self, start: Callable[[Path | None], StartedServer]) -> RunningServer:
        async with self._turn():
            # Another client may have started one meanwhile.
            if (server := await self.running()) is not None:
                return server
            made = start(self._wanted.root_dir)
            server = await made.ready(partial(self._answering, made.root))
            self._own = made
        self._say(
            f"started JupyterLab with jmcp at {server.url}/lab on {made.root} (process {server.pid}, log "
            f"{made.log}). {made.end}"
        )
        return server

    async def _answering(self, root: Path, pid: int) -> RunningServer | None:
        """The server of that process, once it answers. Where Python is started by a launcher, the
        process is another one, and the folder tells."""
        for server in running_servers().servers:
            mine = server.pid == pid or server.root_dir == str(root)
            if mine and await Endpoint(server=server).health() == "healthy":
                return server
        return None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of all clients at a time. Raises ServeError."""
        try:
            path = private_folder() / "starting.lock"
            path.touch(mode=0o600)
        except OSError as error:
            raise ServeError(
                f"jmcp serve cannot be started: {error.filename} cannot be written "
                f"({error.strerror}). Set XDG_CONFIG_HOME to a folder that can be, for the client too"
            ) from error
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        with closing(connected(path, "rw")) as lock:
            while True:
                try:
                    lock.execute("BEGIN EXCLUSIVE")
                    break
                except sqlite3.OperationalError as error:
                    if asyncio.get_running_loop().time() > deadline:
                        raise ServeError(
                            f"another client has been starting jmcp for {START_SECONDS:g} s ({error})"
                        ) from error
                await asyncio.sleep(POLL_SECONDS)
            yield

    def _absence(self) -> str:
        if self._wanted.url is not None:
            return f"no jmcp answers at {self._wanted.url}; start it, or leave --url out"
        if self._wanted.jupyter_url is not None:
            return (
                f"the jmcp that works on {self._wanted.jupyter_url} does not run any more; start it "
                "again: jmcp serve --jupyter-url"
            )
        where = f" on {self._wanted.root_dir}" if self._wanted.root_dir else ""
        return f"no jmcp runs{where}; start it with jmcp serve"

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def asks_for_login(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer says where people log in (RFC 9728)."""
    return status == 401 and "resource_metadata=" in headers.get("www-authenticate", "")


def _login(server: RunningServer) -> str:
    refused = "refuses the token, and " if server.token else ""
    return (
        f"the server at {server.url} {refused}lets people log in with their browser, which jmcp connect does "
        f"not do: give the client {server.url}/mcp itself, without a token. Or give a token of that server "
        "as the variable JMCP_TOKEN"
    )


def _refusal(server: RunningServer) -> str:
    if server.token:
        return (
            f"the server at {server.url} refuses the token; give its own as the variable JMCP_TOKEN"
        )
    return (
        f"the jmcp at {server.url} lets in only whom its Jupyter Server knows; name it with --url and "
        "give a token of that as the variable JMCP_TOKEN"
    )
