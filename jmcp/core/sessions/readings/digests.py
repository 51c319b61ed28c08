"""Digests of texts: enough to know that a text is another one now."""

from __future__ import annotations

from hashlib import blake2b

DIGEST_BYTES = 8


def digest(text: str) -> bytes:
    """DIGEST_BYTES of the text's hash."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()
