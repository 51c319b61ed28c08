"""A Hub, its proxy and users' servers as one small HTTP server whose faults tests choose."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from jmcp.hub.gateway.app import Gateway, gateway_app
from jmcp.hub.gateway.settings import GatewaySettings

PREFIX = "/services/jmcp"
SERVICE_SCOPE = "access:services!service=jmcp"
HTML = "text/html"
STOPPED, RUNNING, DEAD = "stopped", "running", "dead"
Head = dict[str, str]


@dataclass(kw_only=True)
class Platform:
    """`state` is that of each user's server: STOPPED (the Hub answers for it), RUNNING, or DEAD (the
    proxy answers for it, and the Hub believes it to run for `believed` more questions).

    `fail` has the error that the next start ends with. `dies_in` has the paths in the middle of whose
    answer the server dies. `delivered` is what came to users' servers. With `jupyter_alone` they
    have no jmcp; `silent` ones never answer. `came` says that something reached them, `probed` that
    they were asked for their health, `asked_often` that the Hub was asked five times for one thing. Servers
    that `refuses` is true of take no token. With `streams` they begin a stream and send no more.
    `headers` are further ones of their answers.
    """

    state: dict[str, str] = field(default_factory=dict)
    believed: int = 0
    fail: tuple[int, str] | None = None
    progress_fails: str = ""
    dies_in: set[str] = field(default_factory=set)
    hub_away: bool = False
    jupyter_alone: bool = False
    refuses: bool = False
    streams: bool = False
    silent: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)
    probed: asyncio.Event = field(default_factory=asyncio.Event)
    asked_often: asyncio.Event = field(default_factory=asyncio.Event)
    asked: Counter[str] = field(default_factory=Counter)
    delivered: list[tuple[str, str, bytes, Head]] = field(default_factory=list)
    headers: Head = field(default_factory=dict)
    answer: str = '{"jsonrpc":"2.0","id":1,"result":{}}'
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    # -- the server ------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Platform]:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            server.close()
            for connection in list(self._open):
                await closed(connection)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers: Head = {}
                while (one := (await reader.readline()).decode().strip()) != "":
                    name, _, value = one.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if not await self._answer(method, target, headers, body, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            await closed(writer)

    async def _answer(
        self, method: str, target: str, headers: Head, body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Returns whether the connection goes on."""
        path = target.partition("?")[0]
        if path.startswith("/hub/api/"):
            return self._hub(method, path.removeprefix("/hub/api"), headers, writer)
        user = path.split("/")[2]
        state = self.state.get(user, STOPPED)
        if state == DEAD:
            send(writer, 503, "<title>503</title>", {"content-type": HTML})
            return True
        if state == STOPPED:
            send(writer, 403, "<title>JupyterHub: xsrf</title>", {"content-type": HTML})
            return True
        if self.jupyter_alone:
            send(writer, 404, "<title>Not found</title>", {"content-type": HTML})
            return True
        self.delivered.append((method, target, body, headers))
        request_id = headers.get("x-request-id", "made-here")
        if path in self.dies_in:
            self.state[user] = DEAD
            writer.write(b"HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n")
            writer.write(f"x-request-id: {request_id}\r\n".encode())
            writer.write(b"transfer-encoding: chunked\r\n\r\n8\r\n: one\n\n\n\r\n")
            await writer.drain()
            return False
        if self.refuses:
            problem = {"content-type": "application/problem+json"}
            send(writer, 401, "{}", problem)
            return True
        self.came.set()
        if path.endswith("healthz"):
            self.probed.set()
        if self.streams and not path.endswith("healthz"):
            writer.write(b"HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n")
            writer.write(f"x-request-id: {request_id}\r\n".encode())
            writer.write(b"transfer-encoding: chunked\r\n\r\n8\r\n: one\n\n\n\r\n")
            await asyncio.Event().wait()
        if self.silent:
            await asyncio.Event().wait()
        own = {"x-request-id": request_id, "set-cookie": "secret=1", **self.headers}
        send(writer, 200, self.answer, {"content-type": "application/json", **own})
        return True

    def _hub(self, method: str, path: str, headers: Head, writer: asyncio.StreamWriter) -> bool:
        self.asked[f"{method} {path}"] += 1
        if self.asked[f"{method} {path}"] == 5:
            self.asked_often.set()
        if self.hub_away:
            send(writer, 502, "<title>Bad gateway</title>", {"content-type": HTML})
            return True
        token = headers.get("authorization", "").removeprefix("Bearer ")
        name, _, kind = token.partition("-")
        if kind == "wrong" or not name:
            send_json(writer, 403, {"message": "Forbidden"})
        elif path == "/user":
            scopes = [] if kind == "narrow" else [SERVICE_SCOPE]
            model = {"name": name, "kind": kind if kind == "service" else "user", "scopes": scopes}
            send_json(writer, 200, model)
        elif path.endswith("/progress"):
            self._progress(path.split("/")[2], writer)
        elif path.endswith("/server"):
            self._start(path.split("/")[2], writer)
        return True

    def _start(self, user: str, writer: asyncio.StreamWriter) -> None:
        if self.fail is not None:
            status, message = self.fail
            self.fail = None
            more = {"retry-after": "0.01"} if status == 429 else {}
            send_json(writer, status, {"message": message}, more)
        elif self.state.get(user) == RUNNING or (self.state.get(user) == DEAD and self.believed):
            self.believed -= 1
            send_json(writer, 400, {"message": f"{user} is already running"})
        else:
            send_json(writer, 202, {})

    def _progress(self, user: str, writer: asyncio.StreamWriter) -> None:
        events: list[dict[str, Any]] = [{"progress": 0, "message": "Server requested"}]
        if self.progress_fails:
            events.append({"progress": 100, "failed": True, "message": self.progress_fails})
        else:
            self.state[user] = RUNNING
            events.append({"progress": 100, "ready": True, "message": "Server ready"})
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        send(writer, 200, body, {"content-type": "text/event-stream"})

    def starts(self, user: str = "alice") -> int:
        """How often the Hub was asked for the stream of a start."""
        return self.asked[f"GET /users/{user}/server/progress"]


async def closed(writer: asyncio.StreamWriter) -> None:
    """Closed whole: the loop of a test ends before it would have been."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def send(writer: asyncio.StreamWriter, status: int, body: str, headers: Head) -> None:
    content = body.encode()
    given = {"content-length": str(len(content)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + content)


def send_json(
    writer: asyncio.StreamWriter, status: int, data: Any, headers: Head | None = None
) -> None:
    send(writer, status, json.dumps(data), {"content-type": "application/json", **(headers or {})})


@dataclass(kw_only=True)
class Client:
    """A client of the gateway, which runs in this process."""

    gateway: Gateway
    http: httpx2.AsyncClient

    async def call(
        self, tool: str = "insert_cell", token: str = "alice-1", **headers: str
    ) -> httpx2.Response:
        """A tool call over MCP of the era of handshakes."""
        params = {"name": tool, "arguments": {}, "_meta": {"progressToken": 3}}
        return await self.message("tools/call", params, token, **headers)

    async def message(
        self, method: str, params: Any, token: str = "alice-1", **headers: str
    ) -> httpx2.Response:
        given = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
            **headers,
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return await self.http.post(f"{PREFIX}/mcp", json=body, headers=given)

    async def get(self, path: str, token: str = "alice-1", **headers: str) -> httpx2.Response:
        given = {"Authorization": f"Bearer {token}", **headers} if token else headers
        return await self.http.get(f"{PREFIX}{path}", headers=given)


@asynccontextmanager
async def client_of(platform: Platform, state: Path, **settings: Any) -> AsyncIterator[Client]:
    url = f"http://127.0.0.1:{platform.port}"
    given = {
        "host": "127.0.0.1",
        "port": 0,
        "prefix": PREFIX,
        "service": "jmcp",
        "api_url": f"{url}/hub/api",
        "base_path": "/",
        "proxy_url": url,
        "public_url": url,
        "client_id": "service-jmcp",
        "api_token": "secret",
        "state_folder": state,
        **settings,
    }
    gateway = Gateway(GatewaySettings(**given))
    app = gateway_app(gateway)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=url) as http:
            yield Client(gateway=gateway, http=http)


def messages(response: httpx2.Response) -> list[dict[str, Any]]:
    """The messages of an answer, a stream or not."""
    if response.headers["content-type"].startswith("text/event-stream"):
        lines = [one for one in response.text.splitlines() if one.startswith("data: ")]
        return [json.loads(line.removeprefix("data: ")) for line in lines]
    return [response.json()]
