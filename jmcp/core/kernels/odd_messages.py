"""Kernel messages that break Jupyter's protocol. They are left out, in whole or in part; each is
counted, and each kind is logged once."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Literal

Oddity = Literal["unreadable", "malformed", "unknown"]
"""What is wrong: no message could be made of it; a field that jmcp reads is of another type than
Jupyter's protocol says; the protocol has no such message type."""

LOGGED_KINDS = 100
"""Kinds that are logged in one process: a kernel may invent message types without end."""

counts: Counter[Oddity] = Counter()
"""How many such messages came in this process; the metrics show it."""

_logged: set[tuple[Oddity, str]] = set()

log = logging.getLogger("jmcp")


def note(oddity: Oddity, kind: str, error: BaseException | None = None) -> None:
    """Count such a message; `kind` is its message type, or where it came from without one."""
    counts[oddity] += 1
    key = (oddity, kind)
    if key in _logged or len(_logged) >= LOGGED_KINDS:
        return
    _logged.add(key)
    log.warning(
        "A kernel sent a message (%.100s) that is %s; others like it are only counted.",
        kind,
        oddity,
        exc_info=error,
    )
