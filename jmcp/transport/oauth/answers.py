"""What is answered to requests without a token that opens the server.

This module loads while Jupyter starts, so it imports neither the MCP SDK nor a library of JWTs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jmcp.core.calls.principal import Principal
from jmcp.transport.middleware.credential import WRONG_TOKEN
from jmcp.transport.oauth.refusal import Refusal, invalid
from jmcp.transport.oauth.settings import OAuthSettings, challenge, metadata_url, resource_at
from jmcp.transport.problems import Problem, problem_body

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

CHALLENGE = "WWW-Authenticate"
NO_TOKEN = (
    "Log in at {issuer}: clients of MCP do that by themselves, from {metadata}. Or send a token of this "
    "server: Authorization: Bearer <token>."
)
OTHERS_OAUTH = (
    "The login is at {issuer}, and not here; {metadata} says so. If you were answered 401, ask that one "
    "for a token for {resource}."
)
OWN_PREFIX = "jmcp_"
"""With which tokens of jmcp itself begin: a provider is not asked about those."""


async def login(oauth: ResourceServer, token: str, host: str) -> Principal:
    """Whom a token stands for, in a request with that Host header.

    Raises Problem 401 without a token or for none that is good, 403, 503.
    """
    try:
        if not token:
            raise unauthorized(oauth.settings, host)
        if token.startswith(OWN_PREFIX):
            raise invalid(WRONG_TOKEN)
        return await oauth.principal(token)
    except Refusal as refusal:
        raise _problem(refusal, oauth.settings, host) from refusal


def unauthorized(settings: OAuthSettings, host: str) -> Problem:
    """The problem of a request without a token."""
    detail = NO_TOKEN.format(issuer=settings.issuer, metadata=metadata_url(settings, host))
    return Problem(401, detail, **{CHALLENGE: challenge(settings, host)})


def _problem(refusal: Refusal, settings: OAuthSettings, host: str) -> Problem:
    headers = {}
    if refusal.error is not None:
        headers[CHALLENGE] = challenge(
            settings, host, error=refusal.error, description=refusal.detail
        )
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(refusal.retry_after))
    return Problem(refusal.status, refusal.detail, code=refusal.code, **headers)


def elsewhere(settings: OAuthSettings, host: str) -> dict[str, Any]:
    """To a client that looks for an authorization server here."""
    detail = OTHERS_OAUTH.format(
        issuer=settings.issuer,
        metadata=metadata_url(settings, host),
        resource=resource_at(settings, host),
    )
    return problem_body(404, detail)
