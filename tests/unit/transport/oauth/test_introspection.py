"""Opaque tokens: the provider is asked, seldom."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from jmcp.transport.oauth.provider import Unusable
from jmcp.transport.oauth.refusal import Away, Refusal
from jmcp.transport.oauth.resource_server import (
    LOOK_AGAIN_SECONDS,
    MAX_QUESTIONS_AT_ONCE,
    MAX_REMEMBERED,
    OPAQUE_SECONDS,
    REFUSED_SECONDS,
    ResourceServer,
)
from jmcp.transport.oauth.settings import OAuthSettings
from tests.clock import Clock
from tests.fakes.openid_provider import FakeProvider

SECRET = "a secret: +/%"
TOKEN = "opaque-token-of-ada"


@pytest.fixture
def settings(settings: OAuthSettings) -> OAuthSettings:
    return replace(settings, client_id="jmcp", client_secret=SECRET)


@pytest.fixture
def asking(server: ResourceServer, provider: FakeProvider) -> ResourceServer:
    provider.opaque[TOKEN] = provider.active()
    return server


async def test_the_provider_is_asked_once_for_half_a_minute(
    asking: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    found = await asyncio.gather(*(asking.principal(TOKEN) for _ in range(50)))
    assert {one.user for one in found} == {"ada"}
    assert provider.count("/introspect") == 1
    [(header, form)] = provider.credentials
    assert header is not None
    assert base64.b64decode(header.split()[1]) == b"jmcp:a+secret%3A+%2B%2F%25"
    assert form["token_type_hint"] == ["access_token"]
    clock.now += OPAQUE_SECONDS
    del provider.opaque[TOKEN]
    with pytest.raises(Refusal, match="revoked"):
        await asking.principal(TOKEN)


async def test_a_provider_that_takes_no_header_gets_a_form(
    asking: ResourceServer, provider: FakeProvider
) -> None:
    provider.metadata["introspection_endpoint_auth_methods_supported"] = ["client_secret_post"]
    await asking.principal(TOKEN)
    [(header, form)] = provider.credentials
    assert header is None
    assert (form["client_id"], form["client_secret"]) == (["jmcp"], [SECRET])


@pytest.mark.parametrize(
    "changed",
    [
        {"active": False},
        {"active": "true"},
        {"iss": "https://other.example.org"},
        {"aud": "https://other.example.org/mcp"},
        {"aud": None},
        {"exp": 5},
        {"exp": "soon"},
        {"exp": "NaN"},
        {"nbf": 9_999_999_999},
        {"nbf": "x"},
        {"token_type": "DPoP"},
        {"token_type": 5},
        {"token_use": "refresh_token"},
        {"cnf": {}},
    ],
    ids=repr,
)
async def test_what_is_not_good_here_is_refused_and_remembered(
    asking: ResourceServer, provider: FakeProvider, clock: Clock, changed: dict[str, Any]
) -> None:
    said = {**provider.active(), **changed}
    said = {name: value for name, value in said.items() if value is not None}
    provider.opaque["bad"] = said
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            await asking.principal("bad")
        assert refused.value.status == 401
    assert provider.count("/introspect") == 1
    clock.now += REFUSED_SECONDS
    provider.opaque["bad"] = provider.active()
    assert await asking.principal("bad")


async def test_a_provider_that_does_not_answer_refuses_nobody_for_good(
    asking: ResourceServer,
    provider: FakeProvider,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asking.principal(TOKEN)
    clock.now += OPAQUE_SECONDS
    provider.down = True
    with pytest.raises(Away):
        await asking.principal(TOKEN)
    provider.down = False
    assert await asking.principal(TOKEN)
    clock.now += OPAQUE_SECONDS
    provider.answers["/introspect"] = httpx2.Response(401)
    for token in (TOKEN, "another", "a third"):
        with pytest.raises(Unusable, match="--oauth-client-id"):
            await asking.principal(token)
    assert caplog.text.count("--oauth-client-id") == 1
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


async def test_a_provider_that_cannot_be_asked_is_said_at_the_start(
    server: ResourceServer, provider: FakeProvider
) -> None:
    provider.metadata["introspection_endpoint"] = None
    with pytest.raises(Unusable, match="introspection_endpoint"):
        await server.check()


async def test_unknown_tokens_ask_little_and_known_ones_always(
    asking: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    await asking.principal(TOKEN)
    clock.now += OPAQUE_SECONDS
    statuses = []
    for number in range(2 * MAX_REMEMBERED):
        with pytest.raises(Refusal) as refused:
            await asking.principal(f"random-{number}")
        statuses.append(refused.value.status)
    assert statuses.count(401) == MAX_QUESTIONS_AT_ONCE
    assert set(statuses) == {401, 503}
    assert await asking.principal(TOKEN)
    assert len(asking._refused) <= MAX_REMEMBERED
    clock.now += 1
    with pytest.raises(Refusal) as later:
        await asking.principal("random")
    assert later.value.status == 401


async def test_without_a_client_opaque_tokens_are_refused(
    provider: FakeProvider, settings: OAuthSettings, clock: Clock
) -> None:
    plain = replace(settings, client_id="", client_secret="")
    server = ResourceServer(plain, transport=provider.transport, clock=clock)
    with pytest.raises(Refusal, match="--oauth-client-id"):
        await server.principal(TOKEN)
    assert provider.asked == []
    await server.close()


async def test_what_goes_on_for_long_ends_when_its_token_does(
    asking: ResourceServer, provider: FakeProvider, clock: Clock
) -> None:
    principal = await asking.principal(TOKEN)
    assert asking.admits(TOKEN, principal)
    assert not asking.admits("another", principal)
    clock.now += OPAQUE_SECONDS
    assert asking.admits(TOKEN, principal), "it finds out meanwhile"
    await asyncio.gather(*asking._checks.values())
    assert provider.count("/introspect") == 2
    clock.now += OPAQUE_SECONDS
    del provider.opaque[TOKEN]
    assert asking.admits(TOKEN, principal)
    await asyncio.wait([*asking._checks.values()])
    assert not asking.admits(TOKEN, principal)
    provider.opaque[TOKEN] = provider.active()
    clock.now += REFUSED_SECONDS
    await asking.principal(TOKEN)
    provider.down = True
    clock.now += OPAQUE_SECONDS + LOOK_AGAIN_SECONDS
    assert not asking.admits(TOKEN, principal), "nobody can tell"
    await asyncio.wait([*asking._checks.values()])
