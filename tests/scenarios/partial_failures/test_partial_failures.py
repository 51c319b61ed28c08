"""Every await on the way of each kind of call fails once, in each way, and is cancelled once.

A call is made once to learn its awaits; then, for each of them, once more on a server of its own with
a fault there, and everything that can disagree afterwards is compared (`agreement`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Literal

import pytest

from jmcp.core.calls.call import Outcome
from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import (
    JupyterUnreachable,
    KernelDown,
    StateUnavailable,
    WriteRefused,
)
from jmcp_api.registry import TOOLS
from tests.calls import ALICE
from tests.scenarios.partial_failures.agreement import (
    SECONDS,
    State,
    left_over,
    next_calls,
    settled,
    state_of,
    told,
)
from tests.scenarios.partial_failures.faulted_calls import KINDS, FaultedJmcp, Kind
from tests.thorough import thorough

Fault = Literal["unreachable", "refused", "bug", "cancelled", "cancelled twice"]
MODES: Sequence[DocumentMode] = ("live", "file")
FAULTS: Sequence[Fault] = ("unreachable", "refused", "bug", "cancelled", "cancelled twice")


def error_at(point: str, fault: Fault) -> Exception | None:
    """What an adapter raises there; None where it raises nothing of that kind."""
    if fault == "bug":
        return RuntimeError(f"a bug at {point}")
    if point.startswith("store."):
        return StateUnavailable.locked(file="state.db") if fault == "unreachable" else None
    if fault == "unreachable":
        if point.endswith("done"):  # whether it was done, the adapter does not know
            return JupyterUnreachable.not_yet()
        return JupyterUnreachable.no_answer(url="http://there/", reason="refused")
    if point.startswith("kernels.restart"):
        return None  # a kernel that lives is restarted, or Jupyter does not answer
    if point.startswith("kernel"):
        return KernelDown.dead(kernel_id="kernel-1")
    return WriteRefused.not_taken(path="a.ipynb")


async def call(jmcp: FaultedJmcp, kind: Kind) -> Outcome:
    arguments = dict(kind.arguments)
    if kind.tool == "get_execution":
        arguments["execution_id"] = jmcp.dispatcher.runs.index.list()[-1].execution_id
    if jmcp.session and "session_id" in TOOLS[kind.tool].params.model_fields:
        arguments["session_id"] = jmcp.session
    return await jmcp.dispatcher.call(kind.tool, arguments, ALICE)


async def untouched(kind: Kind, mode: DocumentMode) -> State:
    """What there is at last where the call is not made: runs of before end."""
    jmcp = await FaultedJmcp.started(mode)
    await kind.prepare(jmcp)
    await settled(jmcp)
    state = await state_of(jmcp)
    await jmcp.close()
    return state


async def undisturbed(kind: Kind, mode: DocumentMode) -> tuple[State, State, list[str]]:
    """What there is before and after a call that nothing happens to, and the points on its way."""
    jmcp = await FaultedJmcp.started(mode)
    await kind.prepare(jmcp)
    before, first = await state_of(jmcp), len(jmcp.faults.reached)
    outcome = await call(jmcp, kind)
    assert outcome.result is not None, outcome.text
    await settled(jmcp)
    points = jmcp.faults.reached[first:]
    after = await state_of(jmcp)
    assert [*await left_over(jmcp), *await next_calls(jmcp, kind, outcome)] == []
    await jmcp.close()
    return before, after, points


async def disturbed(
    kind: Kind, mode: DocumentMode, step: int, fault: Fault
) -> tuple[FaultedJmcp, Outcome | None, str] | None:
    """A call with a fault at that step: its answer, if its caller waits for one, and the point.

    None where there is no such step.
    """
    jmcp = await FaultedJmcp.started(mode)
    await kind.prepare(jmcp)
    first = len(jmcp.faults.reached)
    hold = jmcp.faults.hold_step(step)
    calling = asyncio.create_task(call(jmcp, kind))
    reached = asyncio.create_task(hold.reached.wait())
    async with asyncio.timeout(SECONDS):
        await asyncio.wait({calling, reached}, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    if not hold.reached.is_set():
        hold.release()
        await calling
        await settled(jmcp)
        await jmcp.close()
        return None
    point = jmcp.faults.reached[first + step]
    outcome = None
    if fault.startswith("cancelled"):
        calling.cancel()
        await asyncio.sleep(0)
        if fault == "cancelled twice":
            calling.cancel()
            await asyncio.sleep(0)
        hold.release()
        await asyncio.wait({calling}, timeout=SECONDS)
        if not calling.cancelled():
            outcome = calling.result()
    else:
        hold.error = error_at(point, fault)
        hold.release()
        async with asyncio.timeout(SECONDS):
            outcome = await calling
    await settled(jmcp)
    return jmcp, outcome, point


def cases() -> Iterator[Any]:
    """All kinds of calls with all faults, edits and runs in both modes of a document."""
    for kind in KINDS:
        for mode in MODES if kind.edits else MODES[:1]:
            for fault in FAULTS:
                often = fault == "cancelled" or (fault == "unreachable" and kind.edits)
                fast = mode == "live" and often and not kind.rare
                marks = [] if fast else [thorough]
                yield pytest.param(kind, mode, fault, marks=marks, id=f"{kind.name}-{mode}-{fault}")


@pytest.mark.parametrize(("kind", "mode", "fault"), list(cases()))
async def test_whatever_fails_all_agree_afterwards(
    kind: Kind, mode: DocumentMode, fault: Fault
) -> None:
    before, good, _ = await undisturbed(kind, mode)
    without = await untouched(kind, mode)
    disagreements = []
    for step in count():
        found = await disturbed(kind, mode, step, fault)
        if found is None:
            break
        jmcp, outcome, point = found
        answer = (
            "nobody waits" if outcome is None else outcome.error.code if outcome.error else "ok"
        )
        try:
            wrong = list(told(kind, point, outcome, (before, without), good, await state_of(jmcp)))
            wrong += await left_over(jmcp, unsure=point == "document.edit done")
            wrong += await next_calls(jmcp, kind, outcome)
        finally:
            await jmcp.close()
        disagreements += [f"step {step}, {point}, answer {answer}: {one}" for one in wrong]
    assert not disagreements, "\n".join(disagreements)
