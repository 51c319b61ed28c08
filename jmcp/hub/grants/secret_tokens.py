"""Tokens that the gateway makes: random, with a prefix that says what they are, kept as hashes."""

from __future__ import annotations

import hashlib
import secrets

ACCESS = "jmcp_at_"
"""An access token of a client."""

REFRESH = "jmcp_rt_"
"""A refresh token of a client."""

PERSONAL = "jmcp_pt_"
"""A personal token, made by its user on the platform page."""

RANDOM_BYTES = 32


def new_token(prefix: str = "") -> str:
    """A token of 256 random bits."""
    return prefix + secrets.token_urlsafe(RANDOM_BYTES)


def digest(token: str) -> str:
    """The SHA-256 that is stored instead of a token. A fast hash is right: 256 random bits cannot be
    guessed, and what is looked up by its hash is compared with nothing that an answer's time tells."""
    return hashlib.sha256(token.encode()).hexdigest()
