"""What one user, that one's server or a stranger may take of the gateway, which serves everybody."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.calls.buckets import Buckets
from jmcp.hub.gateway import app as gateway_module
from jmcp.hub.gateway import users as users_module
from jmcp.hub.gateway.app import gateway_app
from jmcp.hub.gateway.call_body import LARGEST_READ, CallBody
from tests.unit.hub.gateway.platform import PREFIX, Client, Platform, client_of

CHUNK = b" " * 65_536
SMALL = 65_536
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "insert_cell"}}


async def answered(
    client: Client,
    chunks: list[bytes],
    *,
    token: str,
    ends: bool = True,
    ended: asyncio.Queue[None] | None = None,
    **more: Any,
) -> tuple[int, int]:
    """The status of the answer to a POST, and how many bytes of its body were taken. A body that does
    not end is followed by nothing; `ended` hears when all of one was taken."""
    taken, statuses = 0, []
    coming = iter(chunks)

    async def receive() -> dict[str, Any]:
        nonlocal taken
        chunk = next(coming, None)
        if chunk is None:
            nonlocal ends
            if not ends:
                await asyncio.Event().wait()
            ends = False
            if ended is not None:
                ended.put_nowait(None)
            return {"type": "http.request", "body": b"", "more_body": False}
        taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    path = f"{PREFIX}/mcp"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
        "client": ("192.0.2.1", 1),
        **more,
    }
    await gateway_app(client.gateway)(scope, receive, send)
    return statuses[0], taken


async def strangers_are_refused(client: Client) -> None:
    client.gateway.limits._refused = Buckets(0.001)  # one, and the next in a quarter of an hour
    assert (await answered(client, [], token="x-wrong"))[0] == 401


async def test_of_a_stranger_who_is_refused_no_long_body_is_read(client: Client) -> None:
    await strangers_are_refused(client)
    status, taken = await answered(client, [CHUNK] * 200, token="x-wrong")
    assert (status, taken) == (429, 2 * len(CHUNK))


async def test_a_stranger_who_is_refused_may_not_take_his_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "TOLD_SECONDS", 0.01)
    await strangers_are_refused(client)
    status, taken = await answered(client, [b"{"], token="x-wrong", ends=False)
    assert (status, taken) == (429, 1)


async def test_the_bodies_of_one_users_requests_have_a_limit_together(
    platform: Platform, tmp_path: Path
) -> None:
    platform.silent = True
    body = json.dumps(CALL).encode().ljust(SMALL)
    async with client_of(platform, tmp_path, max_body_bytes=SMALL) as client:
        ended: asyncio.Queue[None] = asyncio.Queue()
        waiting = [
            asyncio.create_task(answered(client, [body], token="alice-1", ended=ended))
            for _ in range(4)
        ]
        async with asyncio.timeout(10):
            for _ in waiting:
                await ended.get()
        assert (await answered(client, [b"{"], token="alice-1"))[0] == 413
        platform.silent = False
        assert (await client.get("/mcp/healthz", "bob-1")).is_success
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)
        assert (await answered(client, [body], token="alice-1"))[0] == 200
        assert client.gateway.limits.open == 0


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
async def test_an_answer_without_end_is_not_kept(
    platform: Platform, tmp_path: Path, media_type: str
) -> None:
    platform.answer = "data: " + "x" * 20 * SMALL
    platform.headers = {"content-type": media_type}
    async with client_of(platform, tmp_path, max_body_bytes=SMALL) as client:
        response = await client.call()
        assert "larger than this gateway keeps" in response.text
        assert len(response.content) < SMALL
        platform.answer = '{"jsonrpc":"2.0","id":1,"result":{}}'
        platform.headers = {}
        assert (await client.call()).json()["result"] == {}


def test_a_message_that_is_large_or_no_json_is_passed_on_unread_and_only_once() -> None:
    for body in (json.dumps(CALL).encode().ljust(LARGEST_READ + 1), b"{", b'["tools/call"]'):
        message = CallBody(body, "")
        assert (message.request_ids, message.may_repeat(frozenset({"insert_cell"}))) == ([], False)


async def test_a_target_that_the_proxy_would_not_take_is_refused_at_once(
    client: Client, platform: Platform
) -> None:
    path = f"{PREFIX}/jmcp/v1/files"
    for target in ({"raw_path": path.encode() + b"\xff"}, {"query_string": b"a=\x01"}):
        more: dict[str, Any] = {"method": "GET", "path": path, "raw_path": path.encode()} | target
        assert (await answered(client, [], token="alice-1", **more))[0] == 400
    assert platform.asked["POST /users/alice/server"] == 0


async def test_what_would_make_a_tunnel_of_a_shared_connection_is_refused(
    client: Client, platform: Platform
) -> None:
    for method in ("CONNECT", "TRACE"):
        assert (await answered(client, [], token="alice-1", method=method))[0] == 405
    assert platform.delivered == []


async def test_wrong_tokens_push_out_no_good_one(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users_module, "KEPT_TOKENS", 3)
    monkeypatch.setattr(users_module, "KEPT_REFUSALS", 3)
    assert (await client.get("/mcp/healthz")).is_success
    for number in range(8):
        await client.get("/mcp/healthz", f"x{number}-wrong")
    asked = platform.asked["GET /user"]
    assert (await client.get("/mcp/healthz")).is_success
    assert platform.asked["GET /user"] == asked


async def test_unknown_tokens_leave_the_hub_to_those_who_are_known(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = client.gateway.users
    monkeypatch.setattr(users_module, "KNOWN_SECONDS", 0.0)
    assert (await users.owner("alice-1")).name == "alice"
    asked, go_on = 0, asyncio.Event()
    really = client.gateway.hub.user

    async def slowly(token: str) -> Any:
        nonlocal asked
        if token.startswith("x"):
            asked += 1
            await go_on.wait()
        return await really(token)

    monkeypatch.setattr(client.gateway.hub, "user", slowly)
    unknown = [asyncio.create_task(users.owner(f"x{number}-wrong")) for number in range(60)]
    began = time.monotonic()
    assert (await users.owner("alice-1")).name == "alice"
    assert asked == users_module.UNKNOWN_AT_ONCE
    go_on.set()
    done, _ = await asyncio.wait(unknown, timeout=10)
    assert (len(done), time.monotonic() - began < 10) == (60, True)
    assert all(one.exception() is not None for one in done)
