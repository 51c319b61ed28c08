"""What a page of the web may have this server do: nothing, on no path, unless its origin is listed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2 as httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from tests.jupyter_process import TOKEN, StartJupyter
from tests.surfaces.conftest import RecordingDispatcher

LISTED = "https://listed.example"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
HEADERS = {"Authorization": f"Bearer {TOKEN}"}

FOREIGN = [
    "https://evil.example",
    "http://evil.example:8888",
    "null",
    "file://",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "https://listed.example.evil",
    "https://evil.example#https://listed.example",
    "http://listed.example",
    "https://listed.example:444",
    "https://sub.listed.example",
    "chrome-extension://abcdefgh",
    "https://localhost:1",
]
"""Origins that no local page has, and that nobody listed."""

REBOUND = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "169.254.169.254",
    "10.0.0.1:8888",
    "[::ffff:10.0.0.1]",
    "0.0.0.0",
    "",
]
"""Hosts that a name server of somebody else's may have pointed at this machine."""


async def health(_: Request) -> Response:
    return JSONResponse({"status": "healthy"})


def made(recording: RecordingDispatcher, *origins: str) -> Starlette:
    """As `jmcp.hosting.standalone` makes it."""
    return site(
        recording,
        version="1.2.3",
        host_origin=HostOriginPolicy(origins=frozenset(origins)),
        token=TOKEN,
        extra_routes={"/api/healthz": {"GET": health}},
        cors_origins=frozenset(origins),
        public_paths=frozenset({"/api/healthz", "/jmcp/docs", "/jmcp/openapi.json"}),
        own_root=True,
    )


def paths() -> list[str]:
    """Every path there is, and one that there is not."""
    routes = [
        route.path for route in made(RecordingDispatcher()).routes if isinstance(route, Route)
    ]
    return [*(path.replace("{", "").replace("}", "") for path in routes), "/nowhere"]


PATHS = paths()


@asynccontextmanager
async def client_of(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    started, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            started.set()
            await done.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(live())
        await started.wait()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
        done.set()


@pytest.fixture
async def standalone(recording: RecordingDispatcher) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(made(recording, LISTED)) as client:
        yield client


@pytest.fixture
def recording() -> RecordingDispatcher:
    return RecordingDispatcher()


def refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert TOKEN not in response.text


def test_all_paths_are_looked_at() -> None:
    assert len(PATHS) > 20
    assert {"/mcp", "/jmcp/docs", "/api/healthz", "/metrics"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
async def test_foreign_origins_and_hosts_get_nowhere(
    standalone: httpx.AsyncClient, recording: RecordingDispatcher, path: str
) -> None:
    """With the token: a page that knows it is still a page of somebody else."""
    for origin in FOREIGN:
        refused(await standalone.get(path, headers=HEADERS | {"Origin": origin}), 403)
    for host in REBOUND:
        headers = HEADERS | {"Host": host}
        refused(await standalone.get(path, headers=headers), 421)
        refused(await standalone.get(path, headers=headers | {"Origin": f"http://{host}"}), 421)
    for method in METHODS:
        headers = HEADERS | {"Origin": FOREIGN[0]}
        refused(await standalone.request(method, path, headers=headers), 403)
        headers = HEADERS | {"Host": REBOUND[0]}
        refused(await standalone.request(method, path, headers=headers), 421)
    assert recording.calls == []


async def test_inside_jupyter_too(jupyter: StartJupyter) -> None:
    listed = {"allow_origins": [LISTED]}
    app = await jupyter(collaboration=False, extensions=["jmcp"], JmcpExtension=listed)
    base = f"http://127.0.0.1:{app.port}"
    ours = [path for path in PATHS if path.startswith(("/mcp", "/jmcp"))]
    async with httpx.AsyncClient(headers=HEADERS, timeout=60) as client:
        assert (await client.get(f"{base}/mcp/healthz")).status_code == 200
        for path in ours:
            for method in ("GET", "POST", "DELETE", "OPTIONS"):
                for origin in FOREIGN[:4]:
                    headers = {"Origin": origin}
                    refused(await client.request(method, base + path, headers=headers), 403)
                for host in REBOUND[:4]:
                    headers = {"Host": host, "Origin": f"http://{host}"}
                    refused(await client.request(method, base + path, headers=headers), 421)
        for path in ours:
            headers = {"Origin": LISTED, "Access-Control-Request-Method": "POST"}
            preflight = await client.options(base + path, headers=headers)
            answer = await client.get(base + path, headers=headers)
            assert preflight.status_code == 200
            for response in (preflight, answer):
                assert response.headers["access-control-allow-origin"] == LISTED
                assert "access-control-allow-credentials" not in response.headers
                assert response.headers["x-content-type-options"] == "nosniff"
        body = {"tool_name": "list_kernels"}
        for origin, status in ((LISTED, 200), (FOREIGN[0], 403)):
            headers = {"Origin": origin}
            answer = await client.post(f"{base}/mcp/tools/call", json=body, headers=headers)
            assert answer.status_code == status


@pytest.mark.parametrize("path", PATHS)
async def test_a_listed_origin_may_ask_and_read(standalone: httpx.AsyncClient, path: str) -> None:
    asked = {
        "Origin": LISTED,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
    }
    preflight = await standalone.options(path, headers=asked)
    assert preflight.status_code == 200
    allowed = preflight.headers
    assert allowed["access-control-allow-origin"] == LISTED
    assert "POST" in allowed["access-control-allow-methods"]
    for name in ("authorization", "content-type", "mcp-protocol-version"):
        assert name in allowed["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in allowed
    assert "Origin" in allowed["vary"]
    # Also what is refused for another reason, which the page has to be able to read.
    for headers in ({"Origin": LISTED}, HEADERS | {"Origin": LISTED}):
        answer = await standalone.get(path, headers=headers)
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers["vary"]
        assert "Retry-After" in answer.headers["access-control-expose-headers"]


async def test_without_a_list_nobody_gets_cors_headers(recording: RecordingDispatcher) -> None:
    async with client_of(made(recording)) as client:
        # A page of this server under its other name is let in, and reads nothing across origins.
        for origin in ("http://127.0.0.1", "http://[::1]:80"):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for answer in (
                await client.options("/mcp", headers=asked),
                await client.get("/jmcp/docs", headers={"Origin": origin}),
            ):
                assert answer.status_code < 300
                assert not [name for name in answer.headers if name.startswith("access-control")]
        # One of another port, such as an MCP inspector, has to be listed as any other.
        refused(await client.get("/jmcp/docs", headers={"Origin": "http://localhost:6274"}), 403)


async def test_any_origin_never_has_credentials(recording: RecordingDispatcher) -> None:
    async with client_of(made(recording, "*")) as client:
        asked = {"Origin": "https://any.example", "Access-Control-Request-Method": "POST"}
        for headers in (asked, asked | {"Cookie": "a=b"}):
            preflight = await client.options("/mcp", headers=headers)
            assert preflight.status_code == 200
            answer = await client.get("/jmcp/docs", headers=headers)
            for response in (preflight, answer):
                assert "access-control-allow-credentials" not in response.headers
        assert (await client.get("/mcp/tools/list", headers=asked)).status_code == 401


@pytest.mark.parametrize("path", PATHS)
async def test_no_answer_is_guessed_at_or_kept(standalone: httpx.AsyncClient, path: str) -> None:
    for method in METHODS:
        for headers in ({}, HEADERS, {"Host": "evil.example"}):
            answer = await standalone.request(method, path, headers=headers)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "no-" in answer.headers["cache-control"]
            assert "set-cookie" not in answer.headers
            assert "server" not in answer.headers


async def test_the_page_runs_only_what_it_is_made_of(standalone: httpx.AsyncClient) -> None:
    page = await standalone.get("/jmcp/docs")
    policy: Any = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"].startswith("'sha256-")
    assert page.headers["referrer-policy"] == "no-referrer"
