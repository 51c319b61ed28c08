"""What clients read before they log in, and where they look for it."""

from __future__ import annotations

import pytest
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    build_protected_resource_metadata_discovery_urls,
)
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.oauth.challenge import www_authenticate
from tests.unit.hub.oauth.conftest import BASE, World

AUTHORIZATION_SERVER = [
    one
    for one in build_oauth_authorization_server_metadata_discovery_urls(BASE, f"{BASE}/mcp")
    if "services/jmcp" in one
]
RESOURCES = {
    f"{BASE}/.well-known/oauth-protected-resource": "/mcp",
    f"{BASE}/.well-known/oauth-protected-resource/jmcp/v1": "/jmcp/v1",
    build_protected_resource_metadata_discovery_urls(None, f"{BASE}/mcp")[0]: "/mcp",
    build_protected_resource_metadata_discovery_urls(None, f"{BASE}/jmcp/v1")[0]: "/jmcp/v1",
}


def test_clients_look_in_three_places() -> None:
    assert len(AUTHORIZATION_SERVER) == 3


async def test_the_authorization_server_is_found(world: World) -> None:
    for url in AUTHORIZATION_SERVER:
        await check_server_metadata(world, url)


async def check_server_metadata(world: World, url: str) -> None:
    answer = await world.public.get(url, headers={"Origin": "http://localhost:6274"})
    assert answer.headers["access-control-allow-origin"] == "*"
    metadata = OAuthMetadata.model_validate(answer.json())
    assert str(metadata.issuer) == BASE
    assert str(metadata.registration_endpoint) == f"{BASE}/register"
    assert str(metadata.revocation_endpoint) == f"{BASE}/revoke"
    assert metadata.code_challenge_methods_supported == ["S256"]
    assert "none" in (metadata.token_endpoint_auth_methods_supported or [])
    assert metadata.authorization_response_iss_parameter_supported
    assert metadata.client_id_metadata_document_supported is False  # of this world
    assert metadata.scopes_supported == ["jupyter"]


async def test_a_resource_is_found(world: World) -> None:
    for url, resource in RESOURCES.items():
        answer = await world.public.get(url)
        metadata = ProtectedResourceMetadata.model_validate(answer.json())
        assert str(metadata.resource) == BASE + resource
        assert [str(one) for one in metadata.authorization_servers] == [BASE]
        assert metadata.bearer_methods_supported == ["header"]


async def test_a_client_in_a_browser_may_ask(world: World) -> None:
    for path in ("/token", "/register", "/revoke"):
        answer = await world.public.options(
            f"/services/jmcp{path}",
            headers={
                "Origin": "http://localhost:6274",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type, mcp-protocol-version",
            },
        )
        assert answer.status_code == 200, path
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_no_page_of_another_origin_may_read(world: World) -> None:
    for path in ("/authorize", "/consent", "/login", "/logout"):
        answer = await world.public.get(
            f"/services/jmcp{path}", headers={"Origin": "https://evil.example.org"}
        )
        assert "access-control-allow-origin" not in answer.headers, path


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://Hub.Example.org:443/", "https://hub.example.org"),
        ("http://hub.example.org:80", "http://hub.example.org"),
        ("https://hub.example.org:80", "https://hub.example.org:80"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_origin_is_what_a_browser_sends(public_url: str, origin: str) -> None:
    assert GatewayAddress.at(public_url, "/services/jmcp").origin == origin


def test_the_challenge_names_the_resource(world: World) -> None:
    address = world.server.address
    challenge = www_authenticate(address, path="/services/jmcp/mcp")
    metadata = f'resource_metadata="{BASE}/.well-known/oauth-protected-resource"'
    assert challenge == f'Bearer {metadata}, scope="jupyter"'
    of_rest = www_authenticate(address, path="/services/jmcp/jmcp/v1/tools", invalid=True)
    assert "/.well-known/oauth-protected-resource/jmcp/v1" in of_rest
    assert 'error="invalid_token"' in of_rest
