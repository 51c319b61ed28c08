"""What has to agree after a call, whatever failed in it: documents, files, kernels, the store, the
session as the server knows it, and what the caller was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.calls.call import Outcome
from tests.calls import ALICE
from tests.scenarios.partial_failures.faulted_calls import SLEEP, WARM, FaultedJmcp, Kind

SECONDS = 10
"""More than anything here takes."""
START = "jmcp-kernel-"
"""What tasks are called that start a kernel, also one for which nobody waits any more."""
PROMISES = ("Nothing was changed", "Nothing was done", "did nothing")
LOSSES = {"kernel_started", "kernel_restarted", "kernel_uncertain", "private_kernel_stopped"}

CellState = tuple[str, str, str]
"""Type, source and outputs."""


@dataclass(frozen=True, kw_only=True)
class State:
    """All that a call can change. `codes` are what any kernel has run, `sessions` the notebooks of
    each, the current one first and marked if its kernel is private, `runs` the statuses of all."""

    cells: dict[str, list[CellState]]
    codes: list[str]
    sessions: list[list[str]]
    runs: list[str]


def notebook_cells(notebook: dict[str, Any]) -> list[CellState]:
    cells = notebook["cells"]
    return [
        (cell["cell_type"], "".join(cell["source"]), json.dumps(cell.get("outputs", [])))
        for cell in cells
    ]


async def state_of(jmcp: FaultedJmcp) -> State:
    documents, cells = jmcp.documents, {}
    for path in sorted(documents._files):
        text = documents.text(path)
        assert text is not None
        if not path.endswith(".ipynb"):
            cells[path] = [("raw", text, "")]
            continue
        ref = documents._identify(path)
        content = documents._contents.get(ref.key) if documents.mode == "live" else None
        cells[path] = notebook_cells(content.notebook if content else json.loads(text))
    sessions = []
    for record in await jmcp.dispatcher.sessions.of_owner(ALICE.owner):
        held = sorted(record.notebooks.values(), key=lambda one: one.ref.key != record.current)
        sessions.append([f"{one.ref.path}{' private' * one.private}" for one in held])
    return State(
        cells=cells,
        codes=sorted(code for kernel in jmcp.kernels.made for code in kernel.codes),
        sessions=sorted(sessions),
        runs=sorted(run.status for run in jmcp.dispatcher.runs.index.list()),
    )


async def settled(jmcp: FaultedJmcp) -> None:
    """Returns when nothing goes on any more."""
    jmcp.kernels.sleeping.release()
    dispatcher = jmcp.dispatcher
    async with asyncio.timeout(SECONDS):
        await dispatcher._cleaned_up()
        for entry in dispatcher.runs.index.list():
            await entry.wait(None)
        workers = [
            queue._worker for queue in dispatcher.runs._queues._queues.values() if queue._worker
        ]
        await asyncio.gather(*workers, *jmcp.kernels._work)
        while starts := [one for one in asyncio.all_tasks() if one.get_name().startswith(START)]:
            await asyncio.wait(starts)
        await dispatcher._cleaned_up()


def told(
    kind: Kind,
    point: str,
    outcome: Outcome | None,
    without: Sequence[State],
    good: State,
    now: State,
) -> Iterator[str]:
    """How far the answer, None for a caller who has left, differs from what was done. `without` is
    what there is without the call, at first and when the runs of before are over."""
    running = SLEEP in without[0].codes
    if outcome is None or outcome.error is not None:
        for name in ("cells", "codes", "sessions"):
            there = getattr(now, name)
            if name == "codes" and running:
                continue
            if there not in [getattr(one, name) for one in (*without, good)] and not _part(
                kind, name, now, good
            ):
                yield f"{name} are neither as before nor as after: {there}"
    if outcome is None:
        return
    if outcome.error is not None:
        message = outcome.error.message
        if any(promise in message for promise in PROMISES):
            for name in ("cells", "sessions") if running else ("cells", "codes", "sessions"):
                if getattr(now, name) not in [getattr(one, name) for one in without]:
                    yield f"{outcome.error.code} says {message!r}, but {name} are {getattr(now, name)}"
        return
    result = outcome.result or {}
    notices = {notice["code"] for notice in result["notices"]} if "notices" in result else set()
    if result.get("status", "ok") not in ("ok", "queued", "running") or result.get("error"):
        return  # a run that did not succeed, which the result says
    for name in ("cells", "codes", "sessions", "runs"):
        there, right = getattr(now, name), getattr(good, name)
        excused = name == "cells" and any(code.startswith("outputs_") for code in notices)
        going = result.get("status") in ("queued", "running") or bool(
            result.get("execution_id") and result.get("next")
        )
        excused = excused or (going and name in ("cells", "codes", "runs"))
        # The way of a run that the call only interrupts, or that waits.
        others = kind.tool in ("interrupt_kernel", "restart_notebook") and point.startswith(
            ("kernel.run", "kernels.connect")
        )
        excused = excused or (others and name in ("cells", "codes", "runs"))
        if there != right and not excused:
            yield f"the call succeeded, but {name} are {there} instead of {right}"


def _part(kind: Kind, name: str, now: State, good: State) -> bool:
    """Whether it is a part that such a call may leave when it ends early."""
    if kind.tool == "run_cells":
        return name in ("cells", "codes")
    inserts = kind.tool in ("insert_execute_code_cell", "append_execute_code_cell")
    if inserts and name == "cells":  # inserted, and not run
        return [cell[:2] for cell in now.cells["a.ipynb"]] == [
            cell[:2] for cell in good.cells["a.ipynb"]
        ]
    return False


async def left_over(jmcp: FaultedJmcp, *, unsure: bool = False) -> list[str]:
    """What is held, goes on or differs between memory and store though nothing runs any more.

    `unsure`: the caller was told that an edit may or may not be there, and so the journal may have
    the cell as it was before.
    """
    found = []
    dispatcher, documents = jmcp.dispatcher, jmcp.documents
    if held := +documents.held:
        found.append(f"documents are held: {dict(held)}")
    if dispatcher.gate.calls:
        found.append("the call counts as under way")
    if dispatcher.runs.index.users():
        found.append("a run goes on or waits")
    if any(lock.locked() for lock in documents._editing.values()):
        found.append("a notebook is being edited")
    if any(lock.locked() for lock in dispatcher._exclusive.values()):
        found.append("a session is locked")
    if any(lock.locked() for lock in dispatcher.healing._healing.values()):
        found.append("a kernel is being replaced")
    await dispatcher.sessions._deferred.flush()
    if dispatcher.sessions._deferred._uses:
        found.append("something of a session is not stored")
    claimed = set()
    for stored in await jmcp.store.of_owner(ALICE.owner):
        known = await dispatcher.sessions.get(stored.owner, stored.session_id)
        if known != stored:
            found.append(f"the store has {stored}, and the server knows {known}")
        for key, one in stored.notebooks.items():
            claimed.add(one.kernel_id)
            reading = dispatcher.readings.of(stored, key)
            if reading.unsaved:
                found.append("what the session has read is not stored")
        if not stored.notebooks:
            found.append("a session without notebooks is left")
    for kernel in jmcp.kernels.kernels.values():
        if kernel.private and kernel.alive and kernel.kernel_id not in claimed:
            found.append(f"nobody knows the private kernel {kernel.kernel_id}")
    if not unsure:
        found.extend(_journal(jmcp))
    return found


def _journal(jmcp: FaultedJmcp) -> Iterator[str]:
    """Whether what is pending in the journal is in the document."""
    for key, path in jmcp.documents._keys.items():
        content = jmcp.documents._contents.get(key)
        if content is None:
            continue
        sources = [cell["source"] for cell in content.notebook["cells"]]
        latest = {}
        for entry in jmcp.journal.entries(key, states={"pending", "saved"}):
            latest[entry.cell_id] = entry
        for entry in latest.values():
            written = entry.change in ("insert", "set_source") and entry.after is not None
            if written and entry.after not in sources:
                yield f"the journal has {entry.after!r} in {path}, which has {sources}"


async def next_calls(jmcp: FaultedJmcp, kind: Kind, outcome: Outcome | None) -> list[str]:
    """What is wrong with the calls that follow."""
    found = []
    session = jmcp.session
    alive = session and await jmcp.dispatcher.sessions.get(ALICE.owner, session)
    if alive and "a.ipynb" in [held.ref.path for held in alive.notebooks.values()]:
        on = {"session_id": session, "notebook_path": "a.ipynb"}
        if WARM in [code for kernel in jmcp.kernels.made for code in kernel.codes]:
            ran = await jmcp.call("execute_code", code="warm", **on)
            chosen = (
                outcome is not None
                and outcome.error is None
                and (
                    kind.tool in ("use_notebook", "restart_notebook")
                    or kind.arguments.get("restart")
                )
            )
            codes = {notice["code"] for notice in ran["notices"]}
            if outcome is not None and outcome.result is not None:
                codes |= {notice["code"] for notice in outcome.result.get("notices", ())}
            if ran["status"] != "ok" and not chosen and not codes & LOSSES:
                found.append("the kernel's variables are gone, and nobody was told")
    else:
        if alive and kind.tool != "unuse_notebook":
            found.append("the session lost its notebook")
        opened = await jmcp.outcome("use_notebook", notebook_path="a.ipynb")
        if opened.result is None:
            return [*found, f"a.ipynb cannot be opened: {opened.text}"]
        on = {"session_id": opened.result["session_id"], "notebook_path": "a.ipynb"}
    for tool, arguments, right in (
        ("read_notebook", {}, None),
        ("insert_cell", {"cell_type": "code", "cell_source": "next", "cell_index": 0}, None),
        ("delete_cell", {"cell_indices": [0]}, None),
        ("execute_code", {"code": "print(1 + 1)"}, "2\n"),
        ("insert_execute_code_cell", {"cell_source": "print(2)", "cell_index": 0}, "2\n"),
    ):
        after = await jmcp.outcome(tool, **on, **arguments)
        if after.result is None:
            found.append(f"the next {tool} fails: {after.text}")
        elif right is not None and [one["text"] for one in after.result["outputs"]] != [right]:
            found.append(f"the next {tool} is {after.result}")
    return found
