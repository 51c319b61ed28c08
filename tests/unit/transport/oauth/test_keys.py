"""Keys change, providers are away, and many ask at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from jmcp.transport.oauth.provider import MAX_BYTES, RETRY_SECONDS, Unusable
from jmcp.transport.oauth.refusal import Away, Refusal
from jmcp.transport.oauth.resource_server import SIGNED_SECONDS, ResourceServer
from jmcp.transport.oauth.signing_keys import (
    FRESH_SECONDS,
    STALE_SECONDS,
    UNKNOWN_KEY_SECONDS,
)
from tests.clock import Clock
from tests.fakes.openid_provider import ISSUER, FakeProvider, Key

SECONDS = 10


async def settled(server: ResourceServer) -> None:
    """Until nothing is fetched in the background."""
    async with asyncio.timeout(SECONDS):
        while task := server._keys._fetching:
            await asyncio.wait([task])


async def test_many_first_tokens_make_one_request(
    server: ResourceServer, provider: FakeProvider
) -> None:
    tokens = [provider.token(sub=f"ada-{number % 40}", jti=str(number)) for number in range(200)]
    found = await asyncio.gather(*(server.principal(token) for token in tokens))
    assert len({one.name for one in found}) == 40
    assert (provider.count("/openid-configuration"), provider.count("/keys")) == (1, 1)


async def test_one_that_leaves_does_not_end_the_check_for_the_others(
    server: ResourceServer, provider: FakeProvider
) -> None:
    provider.held = asyncio.Event()
    token = provider.token()
    first, second = (asyncio.create_task(server.principal(token)) for _ in range(2))
    await asyncio.wait_for(provider.came.wait(), SECONDS)
    first.cancel()
    await asyncio.wait([first])
    provider.held.set()
    assert (await second).user == "ada"


async def test_a_new_key_is_found_when_a_token_names_it(
    server: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    await server.principal(provider.token())
    clock.now += UNKNOWN_KEY_SECONDS
    new = Key(name="two")
    provider.keys.append(new)
    assert await server.principal(provider.token(new))
    assert provider.count("/keys") == 2
    # It may have been added just now: whether it is the provider's is told a moment later.
    newer = Key(name="three")
    provider.keys.append(newer)
    with pytest.raises(Away) as undecided:
        await server.principal(provider.token(newer))
    assert undecided.value.retry_after == UNKNOWN_KEY_SECONDS
    clock.now += UNKNOWN_KEY_SECONDS
    assert await server.principal(provider.token(newer))


async def test_invented_keys_make_few_requests(
    server: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    await server.principal(provider.token())
    stranger = Key(name="stranger")
    for number in range(100):
        clock.now += UNKNOWN_KEY_SECONDS / 50
        with pytest.raises(Refusal):
            await server.principal(provider.token(stranger, header={"kid": f"k{number}"}))
    assert provider.count("/keys") <= 4


async def test_a_withdrawn_key_ends_its_tokens(
    server: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    withdrawn, kept = provider.keys[0], Key(name="kept")
    provider.keys.append(kept)
    token = provider.token(withdrawn)
    await server.principal(token)
    provider.keys.remove(withdrawn)
    clock.now += FRESH_SECONDS + 1
    await server.principal(token)  # with the keys that are known; new ones are fetched meanwhile
    await settled(server)
    clock.now += SIGNED_SECONDS
    with pytest.raises(Refusal, match="signed with a key"):
        await server.principal(token)
    assert await server.principal(provider.token(kept))


async def test_keys_are_kept_through_an_outage_for_an_hour(
    server: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    await server.principal(provider.token())
    provider.down = True
    clock.now += STALE_SECONDS - 1
    assert await server.principal(provider.token(sub="bob-2"))
    await settled(server)
    clock.now += 2
    with pytest.raises(Away) as away:
        await server.principal(provider.token(sub="eve-3"))
    assert (away.value.status, away.value.retry_after) == (503, RETRY_SECONDS)
    asked = len(provider.asked)
    with pytest.raises(Away):
        await server.principal(provider.token(sub="eve-4"))
    assert len(provider.asked) == asked, "not asked again at once"
    provider.down = False
    clock.now += RETRY_SECONDS
    assert await server.principal(provider.token(sub="eve-3"))


async def test_a_provider_that_is_away_at_the_start_is_waited_for(
    server: ResourceServer, provider: FakeProvider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    provider.down = True
    await server.check()
    assert "does not answer" in caplog.text
    token = provider.token()
    with pytest.raises(Away):
        await server.principal(token)
    provider.down = False
    clock.now += RETRY_SECONDS
    assert await server.principal(token)
    assert token not in caplog.text


BROKEN: list[tuple[str, httpx2.Response | Exception, str]] = [
    ("openid-configuration", httpx2.Response(404), "no metadata"),
    ("openid-configuration", httpx2.Response(200, json={"issuer": "https://h"}), "--oauth-issuer"),
    ("openid-configuration", httpx2.Response(200, text="<html>"), "JSON object"),
    ("openid-configuration", httpx2.Response(200, json=[]), "JSON object"),
    (
        "openid-configuration",
        httpx2.Response(302, headers={"location": "http://169.254.169.254/"}),
        "redirects",
    ),
    (
        "openid-configuration",
        httpx2.Response(200, json={"issuer": ISSUER, "jwks_uri": "http://10.0.0.1/keys"}),
        "jwks_uri is not an https",
    ),
    (
        "openid-configuration",
        httpx2.Response(200, json={"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}),
        "jwks_uri is not an https",
    ),
    ("/keys", httpx2.Response(200, json={"keys": {}}), "no keys"),
    ("/keys", httpx2.Response(200, content=b" " * (MAX_BYTES + 1)), "more than"),
    ("/keys", httpx2.Response(200, content=b"[" * 100_000), "JSON object"),
    ("/keys", httpx2.Response(403), "no keys"),
    (
        "/keys",
        httpx2.Response(200, headers={"content-encoding": "x-small"}, content=b"{}"),
        "compressed",
    ),
    ("/keys", httpx2.Response(200, json={"keys": []}), "no key that tokens"),
    ("/keys", httpx2.Response(200, json={"keys": [{"kty": "oct", "k": "eA"}, 5]}), "no key that"),
    ("openid-configuration", httpx2.Response(200, json={"issuer": ISSUER}), "--oauth-client-id"),
]


@pytest.mark.parametrize(("path", "answer", "said"), BROKEN)
async def test_a_provider_that_cannot_be_right_is_said_at_the_start(
    server: ResourceServer,
    provider: FakeProvider,
    path: str,
    answer: httpx2.Response | Exception,
    said: str,
) -> None:
    provider.answers[path] = answer
    with pytest.raises(Unusable, match=said):
        await server.check()
    assert all(not one.startswith("/latest") for one in provider.asked)


async def test_a_provider_without_keys_for_a_moment_refuses_nobody(
    server: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    token = provider.token()
    await server.principal(token)
    provider.answers["/keys"] = httpx2.Response(200, json={"keys": []})
    clock.now += FRESH_SECONDS + 1
    for _ in range(2):
        assert await server.principal(token)
        await settled(server)
        clock.now += SIGNED_SECONDS


async def test_metadata_may_be_where_rfc_8414_has_it(
    server: ResourceServer, provider: FakeProvider
) -> None:
    said: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
    provider.answers = {
        "openid-configuration": httpx2.Response(404),
        "/.well-known/oauth-authorization-server/realms/x": httpx2.Response(
            200, content=json.dumps(said)
        ),
    }
    assert await server.principal(provider.token())


async def test_a_refresh_that_fails_is_logged_once_and_ends_no_call(
    server: ResourceServer, provider: FakeProvider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    token = provider.token()
    await server.principal(token)
    provider.answers["/keys"] = httpx2.Response(500)
    for _ in range(5):
        clock.now += FRESH_SECONDS / 4 + SIGNED_SECONDS
        await server.principal(token)
        await settled(server)
        if clock.now - 1_000_000 > STALE_SECONDS - 1000:
            break
    assert caplog.text.count("does not answer") == 1, "not each time"
