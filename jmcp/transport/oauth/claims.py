"""What a token says, and whether that makes it an access token for this server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp.transport.oauth.allowed import claim_of
from jmcp.transport.oauth.refusal import Refusal, invalid
from jmcp.transport.oauth.settings import OAuthSettings

Claims = Mapping[str, Any]

ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})
"""The types of access tokens (RFC 9068)."""

PLAIN_TYPES = frozenset({"", "jwt", "application/jwt"})
ONLY_IN_OTHERS = ("nonce", "at_hash", "c_hash", "s_hash", "events")
"""Claims of ID tokens and of logout tokens, which no access token has."""

ONLY_IN_ACCESS = ("scope", "scp", "client_id", "cid")
OTHER_KINDS = frozenset(
    {"id", "id_token", "refresh", "refresh_token", "offline", "logout", "authorization_code"}
)
"""What Keycloak (`typ`), Amazon Cognito and Ory Hydra (`token_use`) call what is not an access token."""

ACCESS_KINDS = frozenset({"bearer", "access"})
READABLE = ("preferred_username", "email", "upn", "username", "name")
"""Claims by which people know each other, the first that a token has."""

MAX_NAME = 256
NOT_ACCESS = "This is not an access token: send the one, not an ID token or a refresh token."
OTHER_SERVER = (
    "This token is for another server: it has to be asked for with resource={resource}, so that its "
    "audience is {audiences}."
)
NOT_BEARER = "This token is bound to a key of its client, so it cannot be used as a bearer token."


def check_kind(header: Claims, claims: Claims) -> None:
    """Raises Refusal for a JWT that is not an access token.

    One that does not call itself an access token by its type has to look like one: an ID token says who
    somebody is to a client, and that client must not get in with it.
    """
    stated = header.get("typ", "")
    kind = stated.lower() if isinstance(stated, str) else "?"
    if kind in ACCESS_TYPES:
        return
    if kind not in PLAIN_TYPES or any(name in claims for name in ONLY_IN_OTHERS):
        raise invalid(NOT_ACCESS)
    own = check_stated_kind(claims)
    if not own & ACCESS_KINDS and not any(name in claims for name in ONLY_IN_ACCESS):
        raise invalid(NOT_ACCESS)


def check_stated_kind(claims: Claims) -> frozenset[str]:
    """What a token's claims say that it is, in lower case. Raises Refusal for another kind of token."""
    own = frozenset(str(claims.get(name, "")).lower() for name in ("typ", "token_use"))
    if own & OTHER_KINDS:
        raise invalid(NOT_ACCESS)
    return own


def check_use(claims: Claims, settings: OAuthSettings) -> None:
    """Raises Refusal for a token that is bound to a key, or is for another server."""
    if "cnf" in claims:
        raise invalid(NOT_BEARER)
    audience = claims.get("aud")
    stated = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in settings.accepted_audiences for one in stated):
        audiences = " or ".join(sorted(settings.accepted_audiences))
        raise invalid(OTHER_SERVER.format(resource=settings.resource, audiences=audiences))


def check_permission(claims: Claims, settings: OAuthSettings) -> None:
    """Raises Refusal for a token without the needed scopes, or of somebody who is not let in."""
    missing = [scope for scope in settings.scopes if scope not in _scopes(claims)]
    if missing:
        raise Refusal(
            403,
            f"This token lacks the scope {' '.join(missing)}: log in again and ask for "
            f"{' '.join(settings.scopes)}.",
            code="insufficient_scope",
            error="insufficient_scope",
        )
    if not any(rule.allows(claims) for rule in settings.allowed):
        who = readable(claims) or "this account"
        raise Refusal(
            403,
            f"{settings.issuer} knows {who}, and this server does not let that account in. Whoever runs "
            "the server can: it is the option --oauth-allow.",
            code="not_allowed",
        )


def readable(claims: Claims) -> str:
    """What people call the owner of a token; empty where it says nothing of that."""
    for name in READABLE:
        found = claim_of(claims, name)
        if isinstance(found, str) and 0 < len(found) <= MAX_NAME and found.isprintable():
            return found
    return ""


def person(claims: Claims, settings: OAuthSettings) -> str:
    """What tells the owner of a token from all others of its issuer. Raises Refusal."""
    found = claim_of(claims, settings.user_claim)
    if not isinstance(found, str) or not found or len(found) > MAX_NAME or not _encodable(found):
        raise Refusal(
            403,
            f"This token does not say who its owner is: its claim {settings.user_claim} is missing, not "
            f"a name of at most {MAX_NAME} characters, or not verified. Whoever runs the server chooses "
            "the claim (--oauth-user-claim).",
            code="not_allowed",
        )
    return found


def _encodable(text: str) -> bool:
    """Whether every store takes it: JSON can have halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _scopes(claims: Claims) -> frozenset[str]:
    """The scopes of a token: `scope` (RFC 9068), or `scp` of Microsoft and Okta."""
    found: set[str] = set()
    for name in ("scope", "scp"):
        stated = claims.get(name)
        listed = stated.split() if isinstance(stated, str) else stated
        found |= (
            {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()
        )
    return frozenset(found)
