"""The log of logins: a line for each thing that somebody is given, refused, or loses. No token is in it."""

from __future__ import annotations

import logging

from jmcp.core.observe.call_log import Fields

GRANT_CHARACTERS = 8
"""Of a grant's id: enough to follow it through the log."""

LOGINS = "jmcp.logins"
"""The name of the logger."""

log = logging.getLogger(LOGINS)


def note(
    event: str, *, user: str | None = None, grant: str = "", attack: bool = False, **about: str
) -> None:
    """Log at INFO; at WARNING what honest programs do not do, as when two have one token (`attack`)."""
    level = logging.WARNING if attack else logging.INFO
    if not log.isEnabledFor(level):
        return
    named = {"user": user} if user is not None else {}
    granted = {"grant": grant[:GRANT_CHARACTERS]} if grant else {}
    log.log(level, "%s", Fields("login", {"event": event, **named, **granted, **about}))
