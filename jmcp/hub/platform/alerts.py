"""What an administrator should look at now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jmcp.hub.gateway.start_failures import StartFailure
from jmcp.hub.platform.process_memory import ServerMemory

NEAR_LIMIT = 0.85
"""Of a server's own limit of memory; above it the system may end its kernels."""
LOW_MEMORY = 0.10
"""Of the machine's memory that is free."""
SHOWN_ALERTS = 50


def alerts(
    used: Mapping[str, ServerMemory], capacity: Mapping[str, Any], failures: Sequence[StartFailure]
) -> list[dict[str, Any]]:
    """Each with a code, a sentence, and the user whom it is about, if any."""
    found = [
        alert(
            "memory_near_limit",
            f"The server of {user} uses {memory.used / memory.limit:.0%} of its memory.",
            user,
        )
        for user, memory in used.items()
        if memory.limit and memory.used >= NEAR_LIMIT * memory.limit
    ]
    if capacity["memory_free"] < LOW_MEMORY * capacity["memory_total"]:
        share = capacity["memory_free"] / capacity["memory_total"]
        found.append(alert("memory_low", f"{share:.0%} of the machine's memory is free."))
    if capacity["places"] and capacity["servers"] >= capacity["places"]:
        text = f"All {capacity['places']} places for servers are taken; further starts are refused."
        found.append(alert("no_place_left", text))
    if failures:
        count = f"{len(failures)} start{'s' if len(failures) > 1 else ''}"
        found.append(alert("starts_failed", f"{count} failed in the last hour."))
    return found[:SHOWN_ALERTS]


def alert(code: str, text: str, user: str | None = None) -> dict[str, Any]:
    return {"code": code, "text": text, "user": user}
