"""The way of a room's updates to its store and to the tabs."""

from __future__ import annotations

from functools import partial
from typing import Any


def shorten(room: Any) -> None:
    """Have the updates of a room that no tab is in go straight to its store. Idempotent.

    A room puts each update into a stream, for a task that makes it a message for the tabs and
    starts another task, which hands it to the store: a twentieth of an edit. The room has to listen
    to its document already. Where its store gathers nothing, all stays as it is.
    """
    gather = getattr(room.ystore, "gather", None)
    if gather is None or room._subscription is None or getattr(room, "jmcp_route", False):
        return
    room.jmcp_route = True
    room.ydoc.unobserve(room._subscription)
    room._subscription = room.ydoc.observe(partial(_put, room, gather))


def _put(room: Any, gather: Any, event: Any) -> None:
    # pycrdt raises what this raises in whoever changes the document, as the room's own does not.
    try:
        if any(True for _ in room.clients):
            room._update_send_stream.send_nowait(event.update)
        else:
            gather(event.update)
    except Exception:
        room.log.warning("An update of a room is not stored.", exc_info=True)
