"""Which browser, or which other program, a request comes from."""

from __future__ import annotations

from hashlib import blake2s


def client_name(user: str, program: str, address: str) -> str:
    """A digest that all requests of a person's program on a machine have in common, all pages of one
    browser among them. `program` is as its User-Agent says."""
    return blake2s(f"{user}\0{program}\0{address}".encode(), digest_size=8).hexdigest()
