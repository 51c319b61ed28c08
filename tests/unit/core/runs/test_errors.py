"""Errors of code, wherever the kernel tells of them."""

from __future__ import annotations

import pytest

from jmcp.core.notices import ErrorNotSent
from jmcp.core.ports import Reply
from jmcp.core.runs.registry import RunRegistry
from tests.fakes.recording_sink import RecordingSink
from tests.fakes.scripted_kernels import LIMIT, ScriptedKernels, shown_in, submit

NAMED = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}


@pytest.mark.parametrize("traceback", [(), ("line 1", "line 2")])
async def test_an_error_that_came_with_the_reply_alone_is_in_the_cell(
    kernels: ScriptedKernels, registry: RunRegistry, traceback: tuple[str, ...]
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="c")
    end = await kernels.kernel.reached(1)
    end.set_result(Reply(status="error", ename="E", evalue="v", traceback=traceback))
    assert await run.wait(LIMIT)
    assert run.status == "error"
    assert sink.outputs == run.outputs
    assert run.outputs[1:] == [{**NAMED, "traceback": list(traceback)}]
    if traceback:
        assert (run.incomplete, run.notices) == (None, [])
    else:
        assert (run.incomplete, run.notices) == ("not_sent", [ErrorNotSent()])


@pytest.mark.parametrize("name", ["E", ""])
async def test_an_error_that_was_printed_is_not_shown_twice(
    kernels: ScriptedKernels, registry: RunRegistry, name: str
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="c")
    end = await kernels.kernel.reached(1)
    kernels.kernel.on_message("stream", {"name": "stderr", "text": "E: v\n"}, {})
    end.set_result(Reply(status="error", ename=name, evalue="v"))
    assert await run.wait(LIMIT)
    assert [output["output_type"] for output in sink.outputs] == ["stream", "stream"]
    assert (run.status, run.incomplete) == ("error", None)


async def test_an_interrupt_without_a_reply_is_shown_and_nothing_is_missing(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="c")
    end = await kernels.kernel.reached(1)
    end.set_result(Reply(status="error", ename="KeyboardInterrupt", evalue="v"))
    assert await run.wait(LIMIT)
    assert (run.status, run.incomplete) == ("interrupted", None)
    assert sink.outputs[-1] == {**NAMED, "ename": "KeyboardInterrupt"}
