"""Digests of texts, which tell whether a text has changed."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

DIGEST_BYTES = 8
SHORT_CHARACTERS = 64
"""Texts up to this length, cell ids above all, are hashed once for as long as they are in use: a call
asks for some thirty digests, mostly the same."""


def digest(text: str) -> bytes:
    """The first DIGEST_BYTES of the text's hash."""
    return _of_short(text) if len(text) <= SHORT_CHARACTERS else _of(text)


def _of(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()


_of_short = lru_cache(maxsize=8192)(_of)
