"""Messages of runs that are over: the threads of their code may go on printing."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from jmcp.core.errors import ENDS_TASK
from jmcp.core.ports import OnMessage, Reply
from jmcp_jupyter.kernels.common.messages import Message

log = logging.getLogger(__name__)

KEPT_RUNS = 32
"""The last runs of one kernel, whose threads are listened to."""


class LateMessages:
    """The listeners of a kernel's last runs, by the id of their request."""

    def __init__(self) -> None:
        self._listeners: OrderedDict[str, OnMessage] = OrderedDict()

    def keep(self, request: str, ended: asyncio.Future[Reply], on_message: OnMessage) -> None:
        """Listen on for a run that ended, unless it was lost or nobody waited for its end."""
        if ended.cancelled() or ended.exception() is not None or ended.result().status == "lost":
            return
        self._listeners[request] = on_message
        while len(self._listeners) > KEPT_RUNS:
            self._listeners.popitem(last=False)

    def deliver(self, message: Message) -> None:
        """Pass a message on to the run that it belongs to, if that is one of those kept."""
        listener = self._listeners.get(message.parent_id)
        if listener is None:
            return
        try:
            listener(message.kind, message.content, message.metadata)
        except ENDS_TASK:
            raise
        except BaseException:  # whoever reads the kernel serves all runs
            log.exception("A message that came after the end of its run could not be taken.")
            del self._listeners[message.parent_id]
