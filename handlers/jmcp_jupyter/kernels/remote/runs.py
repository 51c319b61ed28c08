"""The runs of one remote connection, and the numbers of what the kernel sent of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
        self._counter = MessageCounter()

    def resume(self, message_id: str, on_message: OnMessage, heard: str | None) -> RemoteRun:
        """The run of a request that an earlier process sent; `heard` is the last message it had."""
        run = self.listen(message_id, on_message)
        if self._counter.last is None:
            self._counter = MessageCounter(heard)
        run.lose_contact(MessageCounter(heard).last)
        return run

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
        self.end_all(replace(LOST_CONTACT, heard=self._counter.heard))

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
        elif run is not None:
            run.asked(message)

    def _count(self, message: Message, run: RemoteRun | None) -> None:
        state = message.state
        number = self._counter.number_of(message.header, status=state is not None)
        if number is None:
            if state is not None:  # it was a forked process that we took for the kernel's own
                self.forget_numbers()
            return
        self._counter.last = number
        if run is not None and state == "busy":
            run.began(number)
        for other in self.under_way():
            other.published(number, message, state, mine=run is not None)
