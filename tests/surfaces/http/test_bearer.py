"""A server of its own lets in whoever has its token, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import Principal
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site

TOKEN = "a-token-of-the-test"
READER = Caller(owner="token:reader", authenticated=True)
SECONDS = 30


@pytest.fixture
async def guarded(recording: RecordingDispatcher) -> AsyncIterator[Client]:
    """A site with a token, whose `/open` is for anyone."""

    async def answer(request: Request) -> Response:
        return JSONResponse({"authorization": request.headers.get("authorization")})

    further = {"/open": {"GET": answer}, "/closed": {"GET": answer}}
    made = site(
        recording,
        version="1.2.3",
        host_origin=HostOriginPolicy(),
        token=TOKEN,
        extra_routes=further,
        public_paths=frozenset({"/open"}),
    )
    async with client_of_site(made) as client:
        yield client


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token", "Token"])
async def test_the_token_opens_every_path(
    guarded: Client, recording: RecordingDispatcher, scheme: str
) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    assert (await guarded.get("/mcp/tools/list", headers=headers)).status_code == 200
    assert (await guarded.get("/jmcp/v1/kernels", headers=headers)).status_code == 200
    assert [(who.owner, who.authenticated) for _, _, who in recording.calls] == [("holder", True)]


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, 'Bearer realm="jmcp"'),
        ({"Authorization": "Bearer "}, 'Bearer realm="jmcp"'),
        ({"Authorization": "Bearer wrong"}, 'Bearer realm="jmcp", error="invalid_token"'),
        ({"Authorization": "Bearer tökén".encode().decode("latin-1")}, 'error="invalid_token"'),
        ({"Authorization": f"Basic {TOKEN}"}, 'error="invalid_token"'),
        ({"Authorization": TOKEN}, 'Bearer realm="jmcp"'),
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/mcp/healthz", "/jmcp/v1/kernels", "/closed", "/none"])
async def test_without_it_every_path_is_closed(
    guarded: Client,
    recording: RecordingDispatcher,
    path: str,
    headers: dict[str, str],
    challenge: str,
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    refused = await guarded.get(path, headers=raw)
    assert refused.status_code == 401
    assert challenge in refused.headers["www-authenticate"]
    assert refused.json()["code"] == "unauthorized"
    assert TOKEN not in refused.text
    assert recording.calls == []


async def test_a_token_in_the_url_opens_nothing(guarded: Client) -> None:
    assert (await guarded.get("/closed", params={"token": TOKEN})).status_code == 401


async def test_what_is_public_needs_none_and_a_preflight_neither(guarded: Client) -> None:
    assert (await guarded.get("/open")).status_code == 200
    assert (await guarded.options("/mcp")).status_code == 204
    # Nothing behind the door can give it away.
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/open", "/closed"):
        assert (await guarded.get(path, headers=headers)).json() == {"authorization": None}


async def test_a_foreign_host_is_refused_before_the_token_is_looked_at(guarded: Client) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "rebound.example.org"}
    assert (await guarded.get("/closed", headers=headers)).status_code == 421
    headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://example.org"}
    assert (await guarded.get("/closed", headers=headers)).status_code == 403


async def test_a_stream_ends_once_its_token_was_removed() -> None:
    """What happens afterwards is not told, also not as the reason for the end."""
    named = {"jmcp_reader": Principal(name="token:reader")}
    asked = asyncio.Semaphore(0)

    def principal(token: str) -> Principal | None:
        asked.release()
        return named.get(token)

    jmcp = FakeJmcp()
    jmcp.documents.write("secret.ipynb", "1")
    jmcp.make()
    made = site(jmcp.dispatcher, version="1", token=TOKEN, named=principal)
    headers = {"Authorization": "Bearer jmcp_reader", "Accept": "text/event-stream"}
    async with asyncio.timeout(SECONDS), client_of_site(made) as client:
        follows = asyncio.create_task(client.get("/jmcp/v1/activity", headers=headers))
        for _ in ("the request", "the first event"):
            await asked.acquire()
        del named["jmcp_reader"]
        await jmcp.open("secret.ipynb", READER)
        ended = await follows
    assert "secret.ipynb" not in ended.text
    assert ended.text.rstrip().splitlines()[-2] == "event: problem"
    assert '"status": 401' in ended.text or '"status":401' in ended.text
