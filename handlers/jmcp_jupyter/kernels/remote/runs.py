"""The runs of one remote connection, and the numbers of what the kernel sent of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from jmcp.core.ports import OnMessage, Reply
from jmcp_jupyter.kernels.common.messages import Message, read_reply
from jmcp_jupyter.kernels.common.run_loss import LOST_CONTACT, Loss
from jmcp_jupyter.kernels.common.runs import Runs
from jmcp_jupyter.kernels.remote.message_counter import MessageCounter
from jmcp_jupyter.kernels.remote.run import RemoteRun


class RemoteRuns(Runs[RemoteRun]):
    """Runs whose messages are counted: a cut of the channel may have come across them."""

    def __init__(self) -> None:
        super().__init__()
        self.resumed = False
        """Whether the channel was opened to hear the rest of an earlier process's runs."""
        self.activity: datetime | None = None
        """When Jupyter last heard of the kernel before the channel was opened."""
        self._counter = MessageCounter()

    def listen(self, message_id: str, on_message: OnMessage) -> RemoteRun:
        """The run of that request, whose messages go to `on_message`."""
        return self.add(message_id, RemoteRun(on_message))

    def under_way_but(self, message_id: str) -> list[RemoteRun]:
        """All runs but the one of that request."""
        return [run for key, run in self._runs.items() if key != message_id]

    def end(self, loss: Loss, *, session: str | None = None) -> None:
        """The kernel's process is lost, and with it all runs, or those that are known to be its."""
        for run in self.under_way():
            if session is None or run.session == session:
                run.end(Reply(status="lost", lost=loss))

    def abandon(self) -> None:
        """End all runs as those whose end nobody hears."""
        self.end_all(LOST_CONTACT)

    def lose_contact(self) -> None:
        """The channel is closed, and what was on its way may be lost."""
        for run in self.under_way():
            run.lose_contact(self._counter.last)

    def forget_numbers(self) -> None:
        """Another process runs, which counts its messages anew."""
        self._counter = MessageCounter()
        for run in self.under_way():
            run.forget_numbers()

    def put_behind(self, request: str, behind: Iterable[RemoteRun]) -> None:
        """That request waits in the kernel behind these runs, and those that were behind another."""
        waiting = (run for run in self.under_way() if run.barrier is not None)
        for run in {*behind, *waiting}:
            run.barrier = request

    def pass_barrier(self, request: str) -> None:
        """The kernel is done with that request, and with all that was before it."""
        for run in self.under_way():
            if run.barrier == request:
                run.pass_barrier()

    def published(self, message: Message) -> None:
        """The kernel published a message, of one of these runs or any other request."""
        run = self.get(message.parent_id)
        self._count(message, run)
        if run is not None:
            run.session = run.session or message.session
        self.deliver(message)

    def replied(self, message: Message) -> None:
        """A reply came, to one of these runs or any other request of ours."""
        run = self.get(message.parent_id)
        if run is not None and message.kind == "execute_reply":
            run.replied(read_reply(message.content), self._counter.number_of(message.header))

    def _count(self, message: Message, run: RemoteRun | None) -> None:
        # What Jupyter kept for a resumed channel begins in the middle of a run, without a status.
        state = message.state
        own = state is not None or self.resumed
        number = self._counter.number_of(message.header, status=own)
        replayed = self._replayed(message)
        if number is None:
            if state is not None:  # it was a forked process that we took for the kernel's own
                self.forget_numbers()
            return
        self._counter.last = number
        if run is not None and state == "busy":
            run.began(number)
        for other in self.under_way():
            if replayed:
                other.regain_contact(number)
            other.published(number, message, state, mine=run is not None)

    def _replayed(self, message: Message) -> bool:
        """Whether this is the first message of a resumed channel, and one that Jupyter kept.

        It keeps messages for the last channel that was connected only. What it heard of before we
        asked cannot come any other way.
        """
        if not self.resumed:
            return False
        self.resumed = False
        made = parsed_time(message.header.get("date"))
        return made is not None and self.activity is not None and made <= self.activity


def parsed_time(text: object) -> datetime | None:
    """An ISO 8601 date and time, None for what is none."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
