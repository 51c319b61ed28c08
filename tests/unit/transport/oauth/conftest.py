"""A resource server, its provider and their clock, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from jmcp.transport.oauth.allowed import rule
from jmcp.transport.oauth.resource_server import ResourceServer
from jmcp.transport.oauth.settings import OAuthSettings
from tests.clock import Clock
from tests.fakes.openid_provider import ISSUER, RESOURCE, FakeProvider

SETTINGS = OAuthSettings(issuer=ISSUER, resource=RESOURCE, allowed=(rule("email=*@example.org"),))


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> OAuthSettings:
    return SETTINGS


@pytest.fixture
async def server(
    provider: FakeProvider, clock: Clock, settings: OAuthSettings
) -> AsyncIterator[ResourceServer]:
    made = ResourceServer(settings, transport=provider.transport, clock=clock)
    yield made
    await made.close()
