"""The name of a user as JupyterHub writes it in host names, where each has one of their own.

This is JupyterHub's `subdomain_hook_idna`, its default, which a test compares with it: importing it
from there costs the gateway as much memory as everything else.
"""

from __future__ import annotations

import hashlib
import re

import idna

LABEL = re.compile(r"[a-z0-9-]{1,63}", re.IGNORECASE)
STUB_LENGTH = 8
HASH_LENGTH = 7


def domain_label(user: str) -> str:
    """The label for that user; the name itself, where it is one."""
    if "--" in user:  # else it could be the label of somebody else
        return hashed(user)
    if is_safe(user):
        return user
    try:
        label = idna.encode(user).decode("ascii")
    except ValueError:
        return hashed(user)
    return label if label != user and is_safe(label) else hashed(user)


def is_safe(label: str) -> bool:
    return bool(
        LABEL.fullmatch(label)
        and not label.isnumeric()
        and not label.startswith("-")
        and not label.endswith("-")
    )


def hashed(user: str) -> str:
    digest = hashlib.sha256(user.encode()).hexdigest()[:HASH_LENGTH]
    safe = [one for one in user.lower() if one.isascii() and one.isalnum()]
    return f"u-{''.join(safe[:STUB_LENGTH]) or 'x'}--{digest}"
