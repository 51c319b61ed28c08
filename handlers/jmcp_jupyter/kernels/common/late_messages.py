"""Who listens to runs that are over: their threads may go on printing."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any

from jmcp.core.ports import OnMessage, Reply

log = logging.getLogger(__name__)

KEPT = 32
"""Runs of one kernel whose threads are listened to: the last ones."""


class Afterwards:
    """The listeners of a kernel's last runs, by the id of their request."""

    def __init__(self) -> None:
        self._listeners: OrderedDict[str, OnMessage] = OrderedDict()

    def keep(self, request: str, ended: asyncio.Future[Reply], on_message: OnMessage) -> None:
        """A run ended; one that was lost, or that nobody waits for, has no listener from now on."""
        if ended.cancelled() or ended.exception() is not None or ended.result().status == "lost":
            return
        self._listeners[request] = on_message
        while len(self._listeners) > KEPT:
            self._listeners.popitem(last=False)

    def tell(
        self, request: str, kind: str, content: dict[str, Any], metadata: dict[str, Any]
    ) -> None:
        """Pass on a message of a run that is over, if there is a listener."""
        listener = self._listeners.get(request)
        if listener is None:
            return
        try:
            listener(kind, content, metadata)
        except Exception:  # whoever reads the kernel serves all runs
            log.exception("What came after the end of a run could not be taken.")
            del self._listeners[request]
