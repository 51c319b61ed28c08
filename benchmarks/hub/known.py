"""The memory of a gateway that knows a thousand users, without and with an open stream of each.

Hub, proxy, gateway, users and tokens are real; the users' servers are one process that stands in for
them (`stand_in.py`).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.cpu.clock import cpu_seconds
from benchmarks.figures import Figure, spread
from benchmarks.hub.platform import Platform
from benchmarks.servers.memory import resident_mb

USERS = 1_000
AT_ONCE = 20
CALLS = 300
QUIET_SECONDS = 30.0


@contextmanager
def stand_in() -> Iterator[int]:
    """The port of the process that stands in for users' servers."""
    command = [sys.executable, "-m", "benchmarks.hub.stand_in"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def known_users(platform: Platform) -> list[Figure]:
    """Memory before and after, and what a call takes then. Raises RuntimeError for a wrong answer."""
    pid = platform.gateway_pid()
    before = resident_mb(pid)
    with stand_in() as port:
        names = [f"known-{number}" for number in range(USERS)]
        tokens = platform.runner.run(prepared(platform, names, port))
        alone = calls(platform, names[0], tokens[0])
        hub = cpu_seconds(platform.hub_pid())
        for name, token in zip(names, tokens, strict=True):
            calls(platform, name, token, 1)
        known = resident_mb(pid)
        streams = platform.runner.run(opened(platform, names, tokens))
        asked = (cpu_seconds(platform.hub_pid()) - hub) / USERS * 1000
        try:
            after = resident_mb(pid)
            began = cpu_seconds(pid)
            time.sleep(QUIET_SECONDS)
            idle = (cpu_seconds(pid) - began) / QUIET_SECONDS
            beside = calls(platform, names[1], tokens[1])
            peak = resident_mb(pid)
        finally:
            platform.runner.run(closed(streams))
    return [
        Figure(
            name=f"memory of the gateway, {USERS:,} users known",
            value=known,
            unit="MB",
            limit=limits.GATEWAY_MEMORY,
            note=f"{before:.0f} MB before; each has made a call",
        ),
        Figure(
            name="the same, each with an open stream at the same time",
            value=max(after, peak),
            unit="MB",
            note="their servers are one that stands in for them",
        ),
        Figure(
            name="CPU of the Hub to say whose token it is",
            value=asked,
            unit="ms",
            note="asked each 30 s of a token that is used",
        ),
        Figure(
            name=f"CPU of the gateway for {USERS:,} open streams",
            value=idle * 100,
            unit="% of a core",
            note="a keep-alive event each 15 s",
        ),
        Figure(
            name=f"a call beside {USERS:,} open streams",
            value=sorted(beside)[len(beside) // 2],
            unit="ms",
            note=f"{spread(beside)}; before them {spread(alone)}",
        ),
    ]


async def prepared(platform: Platform, names: Sequence[str], port: int) -> list[str]:
    """Users with tokens, and routes to the stand-in, made through the proxy's own API."""
    hub = platform.hub
    tokens = []
    for name in names:
        tokens.append(await hub.user(name))
        target = {"target": f"http://127.0.0.1:{port}"}
        url = f"{hub.given['proxy_api_url']}/api/routes/user/{name}/"
        headers = {"Authorization": f"token {hub.proxy_token}"}
        (await hub.http.post(url, json=target, headers=headers)).raise_for_status()
    return tokens


async def opened(
    platform: Platform, names: Sequence[str], tokens: Sequence[str]
) -> list[asyncio.StreamWriter]:
    """A stream of each user through the gateway."""
    host, _, port = platform.hub.url.removeprefix("http://").partition(":")
    places = asyncio.Semaphore(AT_ONCE)

    async def one(token: str) -> asyncio.StreamWriter:
        async with places:
            reader, writer = await asyncio.open_connection(host, int(port))
            lines = f"Host: {host}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream"
            writer.write(f"GET /services/jmcp/mcp HTTP/1.1\r\n{lines}\r\n\r\n".encode())
            head = await reader.readuntil(b"keep-alive\n")
            if b" 200 " not in head[:20]:
                raise RuntimeError(head.decode())
            return writer

    return await asyncio.gather(*map(one, tokens))


async def closed(streams: Sequence[asyncio.StreamWriter]) -> None:
    for stream in streams:
        stream.close()


def calls(platform: Platform, name: str, token: str, count: int = CALLS) -> list[float]:
    """Milliseconds of calls of one user, each checked to be of that user."""
    taken = []
    with ModernClient(f"{platform.hub.gateway}/mcp", token) as client:
        for _ in range(count):
            began = time.perf_counter()
            answer = client.call("list_files")
            taken.append((time.perf_counter() - began) * 1000)
            if answer != {"user": name}:
                raise RuntimeError(f"{name} got {answer}")
    return taken
