"""Session ids in URIs, which logs must not keep: a REST client names its session in the path."""

from __future__ import annotations

import re

SESSION_ID = re.compile(r"(/sessions/|[?&](?:of_)?session_id=)([^/?&#]+)")


def mask(uri: str) -> str:
    """A request's URI with all session ids masked."""
    return SESSION_ID.sub(lambda found: f"{found[1]}{found[2][:2]}***", uri)
