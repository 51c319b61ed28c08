"""The process of a remote kernel over time, as far as it can be told from what is heard."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from jmcp.core.ports import Reply
from jmcp_jupyter.kernels.common.messages import Message
from jmcp_jupyter.kernels.common.run_loss import STOPPING_LIMIT_SECONDS, Loss

INTERRUPT_AFTERMATH_SECONDS = 0.25
"""After an interrupt, the shutdown that it belongs to shows in this time: Jupyter interrupts a kernel
right before it asks it to end."""

POLL_SECONDS = 0.05


class RemoteProcess:
    """Which process runs under a kernel id, and how many there were."""

    def __init__(self) -> None:
        self.generation = 1
        self.session: str | None = None
        """The session in the headers of its messages, once it was heard."""
        self.gone = False
        """Whether Jupyter has no such kernel any more."""
        self.dead = False
        """Whether the process ended and no new one was heard."""
        self.successor_due = False
        """Whether Jupyter starts a new process in its place."""
        self.stopping: Loss | Literal["unknown"] | None = None
        """The loss that a stop under way amounts to, whoever asked for it."""
        self._past: set[str] = set()
        self._interrupted_at = float("-inf")

    @property
    def name(self) -> str | None:
        """Names the process, to any process of jmcp; None while none is known to live."""
        return None if self.dead or self.successor_due else self.session

    @property
    def doubtful(self) -> bool:
        """Whether it is about to end, or ended: what was heard before says nothing."""
        return self.dead or self.stopping is not None

    def is_past(self, session: str) -> bool:
        """Whether that process is gone: what it sent still comes in."""
        return session in self._past

    def note_session(self, session: str) -> str | None:
        """A process was heard; returns the session of the one before if this is another one."""
        if session == self.session:
            return None
        old, self.session = self.session, session
        if old is None:
            return None
        self._past.add(old)
        self.stopping = None
        return old

    def count_successor(self) -> None:
        """A new process is there: another generation."""
        self.generation += 1
        self.dead = self.successor_due = False

    def mark_dead(self, *, successor_due: bool) -> None:
        """The process is dead; `successor_due` says that Jupyter starts a new one."""
        self.dead = True
        self.successor_due = successor_due

    def mark_gone(self) -> bool:
        """Jupyter has no such kernel. Returns whether that was unknown so far."""
        if self.gone:
            return False
        self.gone = True
        self.mark_dead(successor_due=self.successor_due)
        return True

    def expect_interrupt(self) -> None:
        """jmcp is about to interrupt it: a KeyboardInterrupt is no sign of a restart."""
        self._interrupted_at = time.monotonic()

    def expect_stop(self, loss: Loss | None) -> None:
        """jmcp is about to restart it or to shut it down; None: that did not happen."""
        self.stopping = loss
        self.successor_due = loss == "kernel_restarted"

    def note_stop(self, message: Message) -> None:
        """Note a published message that says that somebody stops the kernel."""
        if message.kind == "shutdown_reply":
            self.stopping = "kernel_restarted" if message.content.get("restart") else "kernel_died"
        elif message.kind == "status" and message.parent.get("msg_type") == "shutdown_request":
            self.stopping = self.stopping or "unknown"

    async def reply_or_loss(self, reply: Reply, session: str | None) -> Reply:
        """An interrupted run's reply, or the loss of its kernel if the interrupt began its end.

        `session` is that of the process that had the run, if it was heard.
        """
        if (
            time.monotonic() - self._interrupted_at < STOPPING_LIMIT_SECONDS
            and self.stopping is None
        ):
            return reply
        process, since = self.generation, time.monotonic()
        while time.monotonic() - since < (
            INTERRUPT_AFTERMATH_SECONDS if self.stopping is None else STOPPING_LIMIT_SECONDS
        ):
            if self.stopping in ("kernel_died", "kernel_restarted"):
                return Reply(status="lost", lost=self.stopping)
            if self.generation != process or (session is not None and self.session != session):
                return Reply(status="lost", lost="kernel_restarted")
            if self.gone or self.dead:
                return Reply(status="lost", lost="kernel_died")
            await asyncio.sleep(POLL_SECONDS)
        return reply
