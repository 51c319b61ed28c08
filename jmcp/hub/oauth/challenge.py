"""What a client without a valid token is told: where the login is (RFC 9728, section 5.1)."""

from __future__ import annotations

from jmcp.hub.login.gateway_address import GatewayAddress

SCOPE = "jupyter"
"""The one scope: to use one's own Jupyter server. What the Hub allows its user bounds it."""


def resource_metadata_url(address: GatewayAddress, path: str = "") -> str:
    """Where the metadata of the resource at that path of the gateway is."""
    part = "/jmcp/v1" if path.startswith(f"{address.prefix}/jmcp/") else ""
    return f"{address.base}/.well-known/oauth-protected-resource{part}"


def www_authenticate(address: GatewayAddress, *, path: str = "", invalid: bool = False) -> str:
    """The WWW-Authenticate header of a 401. `invalid`: there was a token, and it is of no use."""
    parts = [f'resource_metadata="{resource_metadata_url(address, path)}"', f'scope="{SCOPE}"']
    if invalid:
        parts.append('error="invalid_token"')
        parts.append('error_description="The token is unknown, expired or revoked."')
    return f"Bearer {', '.join(parts)}"
