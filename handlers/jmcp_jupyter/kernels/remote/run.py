"""One run through a websocket, and the judgement whether all of it came."""

from __future__ import annotations

from dataclasses import replace

from jmcp.core.ports import OnMessage, Reply
from jmcp_jupyter.kernels.common.messages import Message
from jmcp_jupyter.kernels.common.run_loss import LOST_CONTACT, NO_REPLY
from jmcp_jupyter.kernels.common.runs import Run
from jmcp_jupyter.kernels.remote.message_counter import MessageSpan


class RemoteRun(Run):
    """A run that a cut may have come across."""

    def __init__(self, on_message: OnMessage) -> None:
        super().__init__(on_message)
        self.session: str | None = None
        """The kernel process that runs it, once it was heard."""
        self.cut = False
        """Whether contact was lost since it began."""
        self.limited = False
        """Whether Jupyter said that it drops outputs."""
        self._reply_number: int | None = None
        self._since_busy: MessageSpan | None = None
        self._since_cut: MessageSpan | None = None

    def began(self, number: int) -> None:
        """The kernel said with the message of that number that it is busy with this run."""
        self._since_busy = self._span(number - 1)

    def lose_contact(self, last: int | None) -> None:
        """What the kernel sends after message `last` may be missing."""
        self.cut = True
        if self._since_cut is None and last is not None:
            self._since_cut = self._span(last)

    def forget_numbers(self) -> None:
        """Another process counts its messages anew."""
        self._since_cut = None

    def published(self, number: int, message: Message, state: str | None, *, mine: bool) -> None:
        """The kernel published a message, of this run or any other request."""
        for span in (self._since_busy, self._since_cut):
            if span is not None:
                span.published(number, message.parent, state, mine=mine)

    def replied(self, reply: Reply, number: int | None) -> None:
        """The reply came, on a channel of its own: it may overtake the messages of its run."""
        self.reply, self._reply_number = reply, number
        for span in (self._since_busy, self._since_cut):
            if span is not None and number is not None:
                span.replied(number)
        self.settle()

    def pass_barrier(self) -> None:
        """The kernel is past this run: what it sent of it is here, or will not come."""
        self.barrier = None
        if self.reply is None:
            self.end(NO_REPLY if self.idle and not self.cut else LOST_CONTACT)
        else:
            self.idle = True
            self.settle()

    def settle(self) -> None:
        """End the run if all is here, or if what is not here will not come."""
        if self.reply is None or not self.idle:
            return
        if self.limited:
            self.end(replace(self.reply, incomplete="output_limit"))
        elif not self.cut:
            # Without a cut, what is missing the kernel did not send: it published too fast, or
            # could not encode it.
            gap = self._since_busy is not None and self._since_busy.has_gap
            self.end(replace(self.reply, incomplete="gap" if gap else None))
        elif any(
            span is not None and span.complete for span in (self._since_busy, self._since_cut)
        ):
            self.end(self.reply)
        elif self.barrier is None:
            self.end(replace(self.reply, incomplete="lost_contact"))

    def _span(self, start: int) -> MessageSpan:
        span = MessageSpan(start)
        if self._reply_number is not None:
            span.replied(self._reply_number)
        return span
