"""Digests of texts, which tell whether a text has changed."""

from __future__ import annotations

from hashlib import blake2b

DIGEST_BYTES = 8


def digest(text: str) -> bytes:
    """The first DIGEST_BYTES of the text's hash."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()
