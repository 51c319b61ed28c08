"""Who comes in, and what each may ask at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from jmcp.hub.gateway import limits, users
from tests.unit.hub.gateway.platform import PREFIX, Client, Platform, client_of


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        ("", 401, "Send a token"),
        ("alice-wrong", 401, "unknown to JupyterHub"),
        ("jmcp_at_unknown", 401, "unknown to JupyterHub"),
        ("tests-service", 401, "unknown to JupyterHub"),
        ("alice-narrow", 403, "access:services!service=jmcp"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    client: Client, platform: Platform, token: str, status: int, words: str
) -> None:
    response = await client.get("/mcp/healthz", token)
    assert (response.status_code, words in response.json()["detail"]) == (status, True)
    if status == 401:
        challenge = response.headers["WWW-Authenticate"]
        assert f"{PREFIX}/.well-known/oauth-protected-resource" in challenge
        assert ('error="invalid_token"' in challenge) == bool(token)
    assert platform.delivered == []


async def test_each_request_goes_to_the_server_of_its_token(
    client: Client, platform: Platform
) -> None:
    for name in ("alice", "bob"):
        assert (await client.get(f"/jmcp/v1/sessions?of={name}", f"{name}-1")).is_success
    assert [(target, headers["authorization"]) for _, target, _, headers in platform.delivered] == [
        (f"/user/{name}/jmcp/v1/sessions?of={name}", f"Bearer {name}-1")
        for name in ("alice", "bob")
    ]


async def test_what_says_who_one_is_is_not_passed_on_or_back(
    client: Client, platform: Platform
) -> None:
    response = await client.get(
        "/mcp/healthz",
        Cookie="jupyterhub-user-bob=1",
        Forwarded="for=1.2.3.4",
        **{"X-Forwarded-Host": "evil.example.org", "X-Request-Id": "mine"},
    )
    assert "set-cookie" not in response.headers
    assert response.headers["x-request-id"] == "mine"
    headers = platform.delivered[0][3]
    assert headers.keys().isdisjoint({"cookie", "forwarded", "x-forwarded-host", "origin"})
    assert headers["host"] == f"127.0.0.1:{platform.port}"


@pytest.mark.parametrize(
    "path", ["/mcp/../../user/bob/api", "/mcp/%2e%2e/x", "/jmcp/v1/..%2f..%2fbob", "/mcp/./x"]
)
async def test_a_path_that_climbs_is_refused(client: Client, platform: Platform, path: str) -> None:
    raw = f"{PREFIX}{path}".encode()
    scope = {
        "type": "http",
        "method": "GET",
        "path": raw.decode().replace("%2e", ".").replace("%2f", "/"),
        "raw_path": raw,
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer alice-1"), (b"host", b"127.0.0.1")],
    }
    with pytest.raises(Exception, match="without"):
        await client.gateway.pass_on(scope, _nothing, _ignored)
    assert platform.delivered == []


async def test_another_site_may_not_speak_for_a_person(client: Client, platform: Platform) -> None:
    response = await client.get("/mcp/healthz", Origin="https://evil.example.org")
    assert (response.status_code, response.json()["code"]) == (403, "origin_refused")
    assert platform.delivered == []


async def test_the_hub_is_asked_once_for_many_requests(client: Client, platform: Platform) -> None:
    answers = await asyncio.gather(*(client.get("/mcp/healthz") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert platform.asked["GET /user"] == 1


async def test_a_known_user_works_on_while_the_hub_is_away(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/mcp/healthz")).is_success
    platform.hub_away = True
    monkeypatch.setattr(users, "KNOWN_SECONDS", 0.0)
    assert (await client.get("/mcp/healthz")).is_success
    unknown = await client.get("/mcp/healthz", "bob-1")
    assert (unknown.status_code, unknown.json()["code"]) == (503, "hub_unreachable")
    assert "Retry-After" in unknown.headers
    monkeypatch.setattr(users, "WITHOUT_HUB_SECONDS", 0.0)
    assert (await client.get("/mcp/healthz")).status_code == 503


async def test_a_revoked_token_is_refused_once_the_hub_is_asked_again(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/mcp/healthz", "alice-")).is_success
    monkeypatch.setattr(users, "KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(platform, "_hub", _refuse)
    assert (await client.get("/mcp/healthz", "alice-")).status_code == 401


async def test_tokens_are_forgotten_beyond_a_bound(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "KEPT_TOKENS", 5)
    for number in range(9):
        await client.get("/mcp/healthz", f"alice-{number}")
    assert len(client.gateway.users) == 5


async def test_too_much_at_once_is_refused(platform: Platform, tmp_path: Path) -> None:
    async with client_of(platform, tmp_path, calls_per_second=0.2, max_body_bytes=100) as client:
        assert (await client.get("/mcp/healthz")).is_success
        assert (await client.get("/mcp/healthz")).is_success
        refused = await client.get("/mcp/healthz")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await client.get("/mcp/healthz", "bob-1")).is_success
        large = await client.call("x" * 600, "bob-1")
        assert large.status_code == 413


async def test_guessing_tokens_is_slowed_down(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNKNOWN_PER_SECOND", 0.1)  # one, and the next in ten seconds
    async with client_of(platform, tmp_path) as client:
        statuses = [
            (await client.get("/mcp/healthz", f"{number}-wrong")).status_code for number in range(3)
        ]
    assert statuses == [401, 429, 429]


async def test_metrics_need_the_token_that_is_for_them(platform: Platform, tmp_path: Path) -> None:
    async with client_of(platform, tmp_path, metrics_token="scrape") as client:
        await client.call()
        assert (await client.get("/metrics", "alice-1")).status_code == 401
        page = (await client.get("/metrics", "scrape")).text
        assert 'jmcp_gateway_requests_total{outcome="ok"} 1.0' in page
        assert "alice" not in page
    async with client_of(platform, tmp_path) as client:
        assert (await client.get("/metrics", "")).status_code == 403


def _refuse(method: str, path: str, headers: object, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 403 x\r\ncontent-length: 0\r\n\r\n")
    return True


async def _nothing() -> dict[str, object]:
    return {"type": "http.request", "body": b""}


async def _ignored(_: object) -> None: ...
