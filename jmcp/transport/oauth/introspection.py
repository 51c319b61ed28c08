"""Opaque access tokens: the provider is asked about each (RFC 7662)."""

from __future__ import annotations

import math
import time
from http import HTTPStatus

from jmcp.transport.oauth.claims import Claims, check_stated_kind, check_use
from jmcp.transport.oauth.provider import Provider
from jmcp.transport.oauth.refusal import invalid
from jmcp.transport.oauth.settings import OAuthSettings
from jmcp.transport.oauth.signed_tokens import EXPIRED, LEEWAY_SECONDS, NOT_YET, OTHER_ISSUER
from jmcp.transport.oauth.signing_keys import SigningKeys

INACTIVE = "{issuer} does not know this token, or it was revoked, or it has expired: log in again."
NOT_BEARER = "This is not an access token: its provider says that it is of the type {kind}."


async def introspected_claims(
    token: str, settings: OAuthSettings, provider: Provider, keys: SigningKeys
) -> Claims:
    """What the provider says of an opaque token, once it is a good one for this server.

    Raises Refusal.
    """
    metadata = await keys.metadata()
    if metadata.introspection_endpoint is None:
        raise provider.unusable("it has no introspection_endpoint any more")
    status, said = await provider.answer_to_client(
        metadata.introspection_endpoint,
        {"token": token, "token_type_hint": "access_token"},
        client=(settings.client_id, settings.client_secret),
        by_post=metadata.introspection_by_post,
    )
    if status != HTTPStatus.OK:
        raise provider.unusable(
            f"it answers with status {status} when it is asked about a token; are "
            "--oauth-client-id and its secret right?"
        )
    if said.get("active") is not True:
        raise invalid(INACTIVE.format(issuer=settings.issuer))
    if said.get("iss", settings.issuer) != settings.issuer:
        raise invalid(OTHER_ISSUER.format(issuer=settings.issuer))
    kind = said.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() not in ("bearer", "access_token"):
        raise invalid(NOT_BEARER.format(kind=repr(kind)[:40]))
    check_stated_kind(said)
    check_use(said, settings)
    _check_times(said)
    return said


def _check_times(said: Claims) -> None:
    now = time.time()
    if not now - LEEWAY_SECONDS < ends_of(said):
        raise invalid(EXPIRED)
    begins = said.get("nbf", 0)
    if not isinstance(begins, int | float) or begins > now + LEEWAY_SECONDS:
        raise invalid(NOT_YET)


def ends_of(claims: Claims) -> float:
    """When a token ends, in seconds since the epoch; infinite where nothing says so."""
    stated = claims.get("exp", math.inf)
    try:
        ends = float(stated)
    except (TypeError, ValueError, OverflowError):
        return -math.inf
    return ends if not math.isnan(ends) else -math.inf
