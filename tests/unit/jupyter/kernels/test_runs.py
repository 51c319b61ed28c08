"""When a run is over, and whether all of it was heard."""

from __future__ import annotations

import asyncio
from typing import Any

from jmcp.core.ports import Reply
from jmcp_jupyter.kernels.common.messages import Message
from jmcp_jupyter.kernels.common.runs import Run, Runs
from jmcp_jupyter.kernels.remote.run import RemoteRun
from jmcp_jupyter.kernels.remote.runs import RemoteRuns

REQUEST = "r"
DONE: dict[str, Any] = {"status": "ok", "execution_count": 3}


class Listener:
    """What a run was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        if kind == "stream":
            self.texts.append(content["text"])


def message(
    kind: str, number: int, *, channel: str = "iopub", parent: str = REQUEST, **content: Any
) -> Message:
    return Message(
        channel=channel,
        header={"msg_id": f"kernel_1_{number}", "msg_type": kind, "session": "kernel"},
        parent={"msg_id": parent, "msg_type": "execute_request"},
        metadata={},
        content=content,
    )


def status(number: int, state: str) -> Message:
    return message("status", number, execution_state=state)


def line(number: int) -> Message:
    return message("stream", number, name="stdout", text=f"{number}\n")


def reply(number: int) -> Message:
    return message("execute_reply", number, channel="shell", **DONE)


class Panic(BaseException):
    """What native code raises that panics: no Exception."""


async def test_a_listener_that_panics_ends_its_own_run_and_no_other() -> None:
    runs: Runs[Run] = Runs()

    def panic(*_: object) -> None:
        raise Panic

    failing, listener = runs.add("a", Run(panic)), Listener()
    runs.add("b", Run(listener))
    runs.deliver(message("stream", 1, parent="a", text="x"))
    assert isinstance(failing.ended.exception(), Panic)
    runs.deliver(message("stream", 2, parent="b", text="goes on"))
    assert listener.texts == ["goes on"]


async def test_a_listener_that_panics_at_a_late_message_is_not_asked_again() -> None:
    runs: Runs[Run] = Runs()
    asked = 0

    def panic(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise Panic

    runs.add(REQUEST, Run(panic)).end(Reply(status="ok"))
    await asyncio.sleep(0)
    for number in range(2):
        runs.deliver(line(number))
    assert asked == 1


async def test_a_run_is_over_when_both_its_reply_and_the_idle_status_came() -> None:
    runs: Runs[Run] = Runs()
    listener = Listener()
    run = runs.add(REQUEST, Run(listener))
    run.reply = Reply(status="ok", execution_count=3)
    run.settle()
    assert not run.ended.done()  # the reply overtakes what the code printed last
    runs.deliver(line(7))
    assert not run.ended.done()
    runs.deliver(status(8, "idle"))
    assert run.ended.result() == Reply(status="ok", execution_count=3)
    assert listener.texts == ["7\n"]

    first_idle = runs.add(REQUEST, Run(Listener()))
    runs.deliver(status(9, "idle"))
    assert not first_idle.ended.done()
    first_idle.reply = Reply(status="ok")
    first_idle.settle()
    assert first_idle.ended.result() == Reply(status="ok")


async def test_a_remote_run_is_over_when_both_its_reply_and_the_idle_status_came() -> None:
    runs = RemoteRuns()
    listener = Listener()
    run = runs.listen(REQUEST, listener)
    runs.published(status(1, "busy"))
    runs.replied(reply(4))
    runs.published(line(2))
    runs.published(line(3))
    assert not run.ended.done()
    runs.published(status(5, "idle"))
    assert run.ended.result() == Reply(status="ok", execution_count=3)
    assert listener.texts == ["2\n", "3\n"]


async def left() -> str:
    """The id of the last message that a process of jmcp heard before it left a run."""
    runs = RemoteRuns()
    run = runs.listen(REQUEST, Listener())
    for published in (status(1, "busy"), line(2), line(3)):
        runs.published(published)
    runs.abandon()
    ended = run.ended.result()
    assert (ended.lost, ended.heard) == ("lost_contact", "kernel_1_3")
    assert ended.heard is not None
    return ended.heard


async def resumed(heard: str | None, *lines: int) -> Reply:
    """How a left run ends of which these lines are heard, and then all up to its end at 10."""
    runs = RemoteRuns()
    run: RemoteRun = runs.resume(REQUEST, Listener(), heard)
    for number in lines:
        runs.published(line(number))
    runs.replied(reply(9))
    runs.published(status(10, "idle"))
    return run.ended.result()


async def test_a_run_that_was_left_is_whole_when_the_numbers_go_on_from_the_last_one_heard() -> (
    None
):
    assert (await resumed(await left(), 4, 5, 6, 7, 8)).incomplete is None


async def test_what_got_lost_between_leaving_a_run_and_taking_it_up_is_said() -> None:
    heard = await left()
    assert (await resumed(heard, 6, 7, 8)).incomplete == "lost_contact"
    assert (await resumed(heard, 4, 5, 7, 8)).incomplete == "lost_contact"


async def test_where_the_last_message_is_not_known_a_run_that_was_left_may_miss_some() -> None:
    assert (await resumed(None, 4, 5, 6, 7, 8)).incomplete == "lost_contact"
    assert (await resumed("7b1d-22", 4, 5, 6, 7, 8)).incomplete == "lost_contact"


async def test_numbers_of_another_process_prove_nothing() -> None:
    assert (await resumed("earlier_1_3", 4, 5, 6, 7, 8)).incomplete == "lost_contact"
