"""nginx and Caddy in front of a server, as deploy/proxies configures them: TLS, events, uploads, websockets."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.deploy.files import program
from tests.deploy.tls_proxies import (
    COMMANDS,
    HOST,
    OF_A_USER,
    PROXIES,
    SECONDS,
    Certificate,
    Ports,
    nginx,
    running,
    self_signed,
)
from tests.served import free_port
from tests.thorough import fast_only, thorough

LARGE = 3 * 2**20
"""More than nginx takes by itself."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls"))


class Upstream:
    """What stands behind the proxy. `go_on` lets it send its second event; `coming` is set once the
    first part of an upload is there."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.coming = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/headers", self.headers),
                Route("/events", self.events),
                Route("/upload", self.upload, methods=["POST"]),
                WebSocketRoute("/echo", self.echo),
            ]
        )

    async def headers(self, request: Request) -> Response:
        return JSONResponse(dict(request.headers))

    async def events(self, _: Request) -> Response:
        async def sent() -> AsyncIterator[str]:
            yield "data: first\n\n"
            await self.go_on.wait()
            yield "data: second\n\n"

        return StreamingResponse(sent(), media_type="text/event-stream")

    async def upload(self, request: Request) -> Response:
        size = 0
        async for part in request.stream():
            size += len(part)
            if part:
                self.coming.set()
        return JSONResponse({"size": size})

    async def echo(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()


@asynccontextmanager
async def behind(upstream: Upstream) -> AsyncIterator[int]:
    config = uvicorn.Config(upstream.app, port=0, log_config=None, ws="websockets-sansio")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        # Not `serve`, which takes the signals of the process.
        serving = asyncio.create_task(server._serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.fixture(params=fast_only([*COMMANDS], "nginx"))
def proxy(request: pytest.FixtureRequest) -> Any:
    return COMMANDS[request.param]


async def test_a_proxy_with_tls_lets_events_uploads_and_websockets_pass(
    proxy: Any, certificate: Certificate, tmp_path: Path
) -> None:
    upstream = Upstream()
    trusted = ssl.create_default_context(cafile=certificate.certificate)
    async with asyncio.timeout(2 * SECONDS), behind(upstream) as port:
        ports = Ports(http=free_port(), https=free_port(), behind=port)
        command = proxy(tmp_path, certificate, ports)
        async with (
            running(command, tmp_path, ports.https),
            httpx2.AsyncClient(verify=trusted, timeout=SECONDS) as client,
        ):
            base = f"https://127.0.0.1:{ports.https}"

            def of(host: str) -> dict[str, Any]:
                name = {"Host": f"{host}:{ports.https}"}
                return {"headers": name, "extensions": {"sni_hostname": host}}

            for host in (HOST, OF_A_USER):
                seen = (await client.get(f"{base}/headers", **of(host))).json()
                assert seen["host"] == f"{host}:{ports.https}"
                assert seen["x-forwarded-proto"] == seen["x-scheme"] == "https"
                assert "127.0.0.1" in seen["x-forwarded-for"]

            plain = f"http://127.0.0.1:{ports.http}/lab?a=b"
            redirect = await client.get(plain, headers={"Host": HOST})
            assert redirect.status_code == 308
            assert redirect.headers["location"].startswith(f"https://{HOST}")
            assert redirect.headers["location"].endswith("/lab?a=b")

            async with client.stream("GET", f"{base}/events", **of(HOST)) as answer:
                lines = answer.aiter_lines()
                assert await anext(lines) == "data: first"
                upstream.go_on.set()
                assert [line async for line in lines if line] == ["data: second"]
                assert "max-age=" in answer.headers["strict-transport-security"]

            async def large() -> AsyncIterator[bytes]:
                yield b"x"
                # What was sent is at the server before the rest of it is.
                await upstream.coming.wait()
                yield b"x" * (LARGE - 1)

            sent = await client.post(f"{base}/upload", content=large(), **of(HOST))
            assert sent.json() == {"size": LARGE}

            async with websockets.connect(
                f"wss://{OF_A_USER}:{ports.https}/echo",
                ssl=trusted,
                host="127.0.0.1",
                port=ports.https,
            ) as websocket:
                await websocket.send("hello")
                assert await websocket.recv() == "hello"


def test_nginx_warns_of_nothing(certificate: Certificate, tmp_path: Path) -> None:
    ports = Ports(http=8080, https=8443, behind=8000)
    command = [*nginx(tmp_path, certificate, ports), "-t"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@thorough
def test_caddy_takes_the_file_that_fetches_certificates(tmp_path: Path) -> None:
    command = [program("caddy"), "validate", "--adapter", "caddyfile", "--config"]
    told = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "JMCP_DOMAIN": "hub.example.org"}
    done = subprocess.run(
        [*command, str(PROXIES / "Caddyfile")],
        env=told,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("Caddyfile", "Caddyfile.subdomains"):
        formatted = subprocess.run(
            [program("caddy"), "fmt", PROXIES / name], capture_output=True, text=True, check=True
        )
        assert formatted.stdout == (PROXIES / name).read_text()
