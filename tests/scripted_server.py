"""A server whose answers are a script, byte by byte; everything around it is real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from jmcp.state.running_servers import RunningServer, published

SECONDS = 30
Answer = Callable[["Received"], Awaitable[None]]


@dataclass(kw_only=True)
class Received:
    """A request as it came, and where its answer goes."""

    method: str
    headers: dict[str, str]
    message: dict[str, Any]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def json(self, status: int, data: Any, **headers: str) -> None:
        body = json.dumps(data).encode() if data is not None else b""
        given = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self.writer.write(f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + body)
        await self.writer.drain()

    async def result(self, result: Any, **headers: str) -> None:
        answer = {"jsonrpc": "2.0", "id": self.message.get("id"), "result": result}
        await self.json(200, answer, **headers)

    async def events(self) -> None:
        kind = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
        self.writer.write(b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n")

    async def event(self, data: Any, kind: str = "message") -> None:
        body = f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
        self.writer.write(b"%x\r\n%s\r\n" % (len(body), body))
        await self.writer.drain()


@dataclass(kw_only=True)
class Scripted:
    """A server whose answers to POST are a script; it is healthy, and has no stream of its own."""

    answer: Answer
    received: list[Received] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    health: int = 200
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self, root: str = "/r") -> AsyncIterator[RunningServer]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        server = RunningServer(
            url=f"http://127.0.0.1:{port}",
            token="secret",
            pid=1,
            version="1",
            machine="m",
            root_dir=root,
        )
        with ExitStack() as files:
            files.enter_context(published(server))
            async with listener:
                yield server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, path, _ = head[0].split(" ")
            pairs = (line.partition(": ") for line in head[1:] if line)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            message = json.loads(body) if body else {}
            one = Received(
                method=method, headers=headers, message=message, reader=reader, writer=writer
            )
            if path.endswith("/healthz"):
                self.asked.set()
                await one.json(self.health, {})
            elif method != "POST":
                await one.json(405, None)
            else:
                async with self.came:
                    self.received.append(one)
                    self.came.notify_all()
                await self.answer(one)
        finally:
            writer.close()

    async def until(self, count: int) -> Received:
        async with asyncio.timeout(SECONDS), self.came:
            await self.came.wait_for(lambda: len(self.received) >= count)
        return self.received[count - 1]
