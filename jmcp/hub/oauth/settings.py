"""What login and OAuth are told when the gateway starts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jmcp.core.errors import ServeError
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.hub_identity import HubClient
from jmcp.hub.oauth.client_documents import DocumentPolicy

CALLBACK = "/oauth_callback"
CALL_SCOPES = (
    "access:servers!user",
    "servers!user",
    "start:servers!user",
    "delete:servers!user",
    "read:servers!user",
    "read:users:name!user",
)
"""What a client's calls need of the Hub, as far as the Hub allows the gateway to ask for it: nothing
that an administrator may do besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """`keys` are of Fernet, with commas between, or empty for the key file in `state_folder`. `store`
    is "sqlite" or the URL of a Redis, for several gateways. `allowed_scopes` are those that the Hub lets
    the gateway ask for, as far as it says so."""

    address: GatewayAddress
    hub: HubClient
    state_folder: Path
    keys: str = field(default="", repr=False)
    store: str = "sqlite"
    documents: DocumentPolicy = field(default_factory=DocumentPolicy)
    hub_scopes: tuple[str, ...] = ()
    allowed_scopes: frozenset[str] = frozenset()


def oauth_settings(
    *,
    public_url: str,
    prefix: str,
    api_url: str,
    base_path: str,
    client_id: str,
    api_token: str,
    state_folder: Path,
    subdomains: bool = False,
    environment: Mapping[str, str] | None = None,
) -> OAuthSettings:
    """The settings of a gateway that the Hub has started. The Hub's own variables, and
    JMCP_GATEWAY_KEYS, JMCP_GATEWAY_STORE and JMCP_GATEWAY_CLIENT_DOCUMENTS, are read from
    `environment`. Raises ServeError."""
    given = os.environ if environment is None else environment
    address = GatewayAddress.at(public_url, prefix, own_host=subdomains)
    allowed = scopes_of(given.get("JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES", ""))
    public_hub = given.get("JUPYTERHUB_PUBLIC_HUB_URL") or (
        f"{given.get('JUPYTERHUB_HOST', '')}{base_path}hub/"
    )
    return OAuthSettings(
        address=address,
        hub=HubClient(
            api_url=api_url,
            authorize_url=f"{public_hub.rstrip('/')}/api/oauth2/authorize",
            redirect_uri=given.get("JUPYTERHUB_OAUTH_CALLBACK_URL") or prefix + CALLBACK,
            client_id=client_id,
            client_secret=api_token,
        ),
        state_folder=state_folder,
        keys=given.get("JMCP_GATEWAY_KEYS", ""),
        store=given.get("JMCP_GATEWAY_STORE", "") or "sqlite",
        documents=document_policy(given.get("JMCP_GATEWAY_CLIENT_DOCUMENTS", "")),
        hub_scopes=tuple(scope for scope in CALL_SCOPES if scope in allowed),
        allowed_scopes=allowed,
    )


def document_policy(text: str) -> DocumentPolicy:
    """`any` (or nothing), `off`, or the hosts whose documents are read, with spaces between. Raises
    ServeError."""
    words = text.lower().split()
    if words in ([], ["any"]):
        return DocumentPolicy()
    if words == ["off"]:
        return DocumentPolicy(enabled=False)
    if any("/" in word or ":" in word or word in ("any", "off") for word in words):
        raise ServeError(
            f"JMCP_GATEWAY_CLIENT_DOCUMENTS is {text!r}; it is any, off, or hosts as in claude.ai"
        )
    return DocumentPolicy(hosts=frozenset(words))


def scopes_of(allowed: str) -> frozenset[str]:
    """The scopes that the Hub allows the gateway to ask for, of a JSON list; none where it does not say
    or allows everything."""
    try:
        known = json.loads(allowed)
    except ValueError:
        return frozenset()
    return frozenset(map(str, known)) if isinstance(known, list) else frozenset()
