"""What clients read about the gateway before they log in: RFC 9728 and RFC 8414."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.oauth.challenge import SCOPE
from jmcp.hub.oauth.client import AUTH_METHODS
from jmcp.hub.oauth.cross_origin import cross_origin

WELL_KNOWN = "/.well-known"
HEADERS = {"Cache-Control": "public, max-age=300"}
"""Short, so that clients soon see what an administrator changed."""


def resource_metadata(address: GatewayAddress, resource: str) -> dict[str, Any]:
    """RFC 9728 of one of the gateway's two resources."""
    return {
        "resource": resource,
        "authorization_servers": [address.base],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "Jupyter notebooks (jmcp)",
    }


def server_metadata(address: GatewayAddress, *, client_documents: bool) -> dict[str, Any]:
    """RFC 8414 of the gateway as an authorization server."""
    base = address.base
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "registration_endpoint": f"{base}/register",
        "revocation_endpoint": f"{base}/revoke",
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": client_documents,
    }


def metadata_routes(address: GatewayAddress, *, client_documents: bool) -> list[Route]:
    """The documents at every place where a client looks: below the gateway's own path, and at the
    root of the host with the path behind, where the Hub's proxy has to send them here."""
    prefix = address.prefix
    mcp = resource_metadata(address, address.mcp)
    rest = resource_metadata(address, address.rest)
    server = server_metadata(address, client_documents=client_documents)
    resource, authorization = "/oauth-protected-resource", "/oauth-authorization-server"
    places = {
        f"{prefix}{WELL_KNOWN}{resource}": mcp,
        f"{prefix}{WELL_KNOWN}{resource}/mcp": mcp,
        f"{prefix}{WELL_KNOWN}{resource}/jmcp/v1": rest,
        # Where older clients look, should an administrator send that to the gateway too.
        f"{WELL_KNOWN}{resource}": mcp,
        f"{WELL_KNOWN}{resource}{prefix}": mcp,
        f"{WELL_KNOWN}{resource}{prefix}/mcp": mcp,
        f"{WELL_KNOWN}{resource}{prefix}/jmcp/v1": rest,
        f"{prefix}{WELL_KNOWN}{authorization}": server,
        f"{prefix}{WELL_KNOWN}/openid-configuration": server,
        f"{WELL_KNOWN}{authorization}{prefix}": server,
        f"{WELL_KNOWN}/openid-configuration{prefix}": server,
    }
    return [_route(path, document) for path, document in places.items()]


def _route(path: str, document: dict[str, Any]) -> Route:
    async def answer(_: Request) -> Response:
        return JSONResponse(document, headers=HEADERS)

    return Route(path, cross_origin(answer, "GET"), methods=["GET", "OPTIONS"])
