"""Access tokens that are JWTs, checked here with the provider's keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.utils import base64url_decode

from jmcp.transport.oauth.claims import Claims, check_kind, check_use
from jmcp.transport.oauth.refusal import Refusal, invalid
from jmcp.transport.oauth.settings import OAuthSettings
from jmcp.transport.oauth.signing_keys import ALGORITHMS, SigningKeys

LEEWAY_SECONDS = 30.0
"""By so much the clocks of the provider and of this machine may differ."""

REQUIRED = ("exp", "iss", "aud")
MALFORMED = "This is not a token that can be read."
UNKNOWN_KEY = "This token is not signed with a key of {issuer}."
BAD_SIGNATURE = "The signature of this token is wrong."
EXPIRED = "This token has expired: refresh it, or log in again."
NOT_YET = "This token is good only later: the clocks of its provider and of this server differ."
NO_ALGORITHM = "Tokens signed with that algorithm are not taken."
OTHER_ISSUER = "This token is not one of {issuer}."
UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


def is_signed(token: str) -> bool:
    """Whether a token looks like a JWT: three parts, of which the first is a header."""
    head, _, rest = token.partition(".")
    return rest.count(".") == 1 and head.startswith("ey")


async def signed_claims(token: str, settings: OAuthSettings, keys: SigningKeys) -> Claims:
    """What a JWT says, once it is known to be the provider's access token for this server.

    What needs no key is looked at first, so that tokens of others cost no request. Raises Refusal.
    """
    try:
        header, claims = _part(token, 0), _part(token, 1)
    except UNREADABLE as error:
        raise invalid(MALFORMED) from error
    algorithm, name = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header:
        raise invalid(NO_ALGORITHM)
    if claims.get("iss") != settings.issuer:
        raise invalid(OTHER_ISSUER.format(issuer=settings.issuer))
    check_kind(header, claims)
    check_use(claims, settings)
    found = await keys.matching(name if isinstance(name, str) else None, algorithm)
    if not found:
        raise invalid(UNKNOWN_KEY.format(issuer=settings.issuer))
    for key in found:
        try:
            return _verified(token, key.key, algorithm, settings)
        except jwt.InvalidSignatureError:
            continue
        except UNREADABLE as error:
            raise _refusal(error) from error
    raise invalid(BAD_SIGNATURE)


def _part(token: str, number: int) -> Mapping[str, Any]:
    found = json.loads(base64url_decode(token.split(".")[number].encode("ascii")))
    if not isinstance(found, dict):
        raise ValueError(MALFORMED)  # noqa: TRY004  one kind of error for all
    return found


def _verified(token: str, key: Any, algorithm: str, settings: OAuthSettings) -> Claims:
    verified: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=settings.accepted_audiences,
        issuer=settings.issuer,
        leeway=LEEWAY_SECONDS,
        options={"require": [*REQUIRED]},
    )
    return verified


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, jwt.ExpiredSignatureError):
        return invalid(EXPIRED)
    if isinstance(error, jwt.ImmatureSignatureError):
        return invalid(NOT_YET)
    return invalid(MALFORMED)
