"""The log of calls: a line for each call and each event of a session."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from jmcp.core.observe.events import CallEvent, SessionEvent

log = logging.getLogger("jmcp.calls")


class CallLog:
    """Logs at INFO: nothing of what calls carry, no whole session id, no token."""

    def on_call(self, call: CallEvent) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        about = {
            "tool": call.tool,
            "outcome": call.outcome,
            "ms": round(call.seconds * 1000, 3),
            "request_id": call.request_id,
            "session": call.session,
            "principal": call.owner,
        }
        if call.user is not None:
            about["user"] = call.user
        log.info("%s", Fields("call", about))

    def on_session_event(self, event: SessionEvent) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        about = {"what": event.what, "session": event.session, "principal": event.owner}
        log.info("%s", Fields("session", {**about, **event.details}))


class Fields:
    """A line's data: words for a person, and names and values for a program."""

    __slots__ = ("data", "kind")

    def __init__(self, kind: str, data: Mapping[str, Any]) -> None:
        self.kind = kind
        self.data = data

    def __str__(self) -> str:
        return " ".join([self.kind, *(f"{name}={_word(it)}" for name, it in self.data.items())])


def _word(value: Any) -> str:
    """On one line and without blanks, whatever a name contains."""
    text = "-" if value is None else str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)
