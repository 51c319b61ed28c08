"""The outputs of a run: in memory and in the sink, as the kernel's messages say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.outputs import cell_mirror
from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import Output
from tests.fakes.recording_sink import RecordingSink, validate


def stream(record: OutputRecord, text: str, name: str = "stdout") -> None:
    record.apply("stream", {"name": name, "text": text}, {})


def display(record: OutputRecord, text: str, display_id: str = "", *, update: bool = False) -> None:
    content: dict[str, Any] = {"data": {"text/plain": text}, "metadata": {"m": {"k": 1}}}
    if display_id:
        content["transient"] = {"display_id": display_id}
    record.apply("update_display_data" if update else "display_data", content, {})


def text_of(outputs: list[Output]) -> list[str]:
    return [o["text"] if "text" in o else o["data"]["text/plain"] for o in outputs]


async def finished(record: OutputRecord, sink: RecordingSink) -> list[str]:
    """The texts of the outputs; the sink must hold the same outputs as memory."""
    await record.finish()
    assert sink.outputs == record.outputs
    validate(record.outputs)
    return text_of(record.outputs)


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


async def test_consecutive_text_of_one_stream_is_one_output(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    stream(record, "a\n")
    stream(record, "b\n")
    stream(record, "oops", "stderr")
    stream(record, "c")
    assert await finished(record, sink) == ["a\nb\n", "oops", "c"]


async def test_a_run_replaces_what_the_cell_showed(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    record.apply("execute_input", {"code": "1", "execution_count": 3}, {})
    record.cell.flush()
    assert (sink.outputs, sink.running) == ([], True)
    assert await finished(record, sink) == []
    assert not sink.running
    assert sink.execution_count == record.execution_count == 3


async def test_results_and_errors_are_nbformat(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    record.apply("execute_result", {"data": {"text/plain": "2"}, "execution_count": 1}, {})
    record.apply(
        "display_data",
        {
            "data": {
                "text/plain": ["a", "b"],
                "text/html": {"not": "text"},
                "application/json": {"any": [1]},
                "application/vnd.x+json": [1],
            }
        },
        {},
    )
    record.apply("error", {"ename": "E", "evalue": "v", "traceback": ["t"]}, {})
    await record.finish()
    validate(record.outputs)
    assert [o["output_type"] for o in sink.outputs] == ["execute_result", "display_data", "error"]
    assert sink.outputs[1]["data"] == {
        "text/plain": "ab",
        "text/html": '{"not": "text"}',
        "application/json": {"any": [1]},
        "application/vnd.x+json": [1],
    }


async def test_text_that_utf8_cannot_hold_is_replaced(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    stream(record, "a\ud800b")
    assert await finished(record, sink) == ["a?b"]


@pytest.mark.parametrize(
    ("messages", "shown"),
    [
        (["10%\r", "20%\r", "30%\n", "done"], "30%\ndone"),
        (["long line\rshort"], "shortline"),
        (["abc\b\bX"], "aXc"),
        (["a\r\nb"], "a\nb"),
        (["one\ntwo\r", "2"], "one\n2wo"),
        (["x\n\b\by"], "x\ny"),
        (["a", "b", "\rX", "Y"], "XY"),
        (["log\n", "ab", "\r", "c"], "log\ncb"),
    ],
)
async def test_carriage_returns_and_backspaces_overwrite(
    sink: RecordingSink, messages: list[str], shown: str
) -> None:
    record = OutputRecord(sink)
    for message in messages:
        stream(record, message)
        record.cell.flush()
    assert await finished(record, sink) == [shown]


async def test_a_progress_bar_stays_one_line(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for step in range(10_000):
        stream(record, f"\r{step:5d}")
    assert await finished(record, sink) == [" 9999"]
    assert sink.times("replace") < 1000


async def test_many_lines_are_few_writes(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for number in range(100_000):
        stream(record, f"{number}\n")
    (text,) = await finished(record, sink)
    assert text.count("\n") == 100_000
    assert len(sink.calls) < 1000


async def test_a_run_that_is_soon_over_is_one_change_of_the_document(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    record.apply("execute_input", {"code": "1", "execution_count": 3}, {})
    stream(record, "a")
    display(record, "b")
    assert sink.calls == []
    assert await finished(record, sink) == ["a", "b"]
    assert (sink.changes, sink.running, sink.execution_count) == (1, False, 3)


async def test_a_run_that_goes_on_is_soon_shown_as_running(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    async with asyncio.timeout(5):
        await sink.changed.wait()
    assert (sink.running, sink.outputs) == (True, [])
    await record.finish()


async def test_later_the_first_message_is_written_at_once_and_others_soon(
    sink: RecordingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_mirror, "FIRST_WRITE_SECONDS", 0)
    record = OutputRecord(sink)
    stream(record, "a")
    assert text_of(sink.outputs) == ["a"]
    sink.changed.clear()
    stream(record, "b")
    async with asyncio.timeout(5):
        await sink.changed.wait()
    assert text_of(sink.outputs) == ["ab"]
    assert sink.times("extend_text") == 1
    await record.finish()


async def test_clear_output_clears_at_once_or_with_the_next_output(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    stream(record, "a")
    display(record, "b")
    record.cell.flush()
    record.apply("clear_output", {"wait": True}, {})
    assert text_of(record.outputs) == ["a", "b"]
    stream(record, "c")
    assert text_of(record.outputs) == ["c"]
    record.cell.flush()
    assert text_of(sink.outputs) == ["c"]
    record.apply("clear_output", {"wait": False}, {})
    assert await finished(record, sink) == []


async def test_an_animation_never_empties_the_cell(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for frame in range(3):
        record.apply("clear_output", {"wait": True}, {})
        display(record, str(frame))
        record.cell.flush()
    assert await finished(record, sink) == ["2"]
    assert sink.times("clear") == 0


async def test_text_after_a_clear_is_a_new_output(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    stream(record, "before")
    record.cell.flush()
    record.apply("clear_output", {"wait": False}, {})
    stream(record, "after")
    assert await finished(record, sink) == ["after"]


async def test_an_update_reaches_every_output_with_that_id(sink: RecordingSink) -> None:
    displays, other_sink = Displays(), RecordingSink()
    record, other = OutputRecord(sink, displays), OutputRecord(other_sink, displays)
    display(record, "1", "x")
    display(record, "keep", "y")
    display(record, "1", "x")
    display(other, "1", "x")
    display(other, "2", "x", update=True)
    assert await finished(record, sink) == ["2", "keep", "2"]
    assert await finished(other, other_sink) == ["2"]
    display(other, "3", "unknown", update=True)


async def test_an_update_after_the_end_is_told(sink: RecordingSink) -> None:
    displays = Displays()
    told: list[OutputRecord] = []
    record = OutputRecord(sink, displays)
    stream(record, "text")
    display(record, "1", "x")
    await record.finish()
    record.on_late(told.append)
    display(OutputRecord(None, displays), "1", "x", update=True)
    assert told == []
    display(OutputRecord(None, displays), "2", "x", update=True)
    assert told == [record]
    assert text_of(record.outputs) == ["text", "2"]
    assert text_of(sink.outputs) == ["text", "1"]


async def test_what_came_between_the_end_and_the_closing_is_told(sink: RecordingSink) -> None:
    told: list[OutputRecord] = []
    record = OutputRecord(sink)
    stream(record, "text")
    await record.finish()
    stream(record, " and more")
    assert told == []
    record.on_late(told.append)
    assert told == [record]


async def test_a_record_catches_up_with_its_cell(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    stream(record, "text")
    await record.finish()
    stream(record, " and more\n")
    stream(record, "0%\r")
    await record.catch_up(sink)
    assert record.cell.shown == 1
    stream(record, "9%\r")
    display(record, "shown")
    await record.catch_up(sink)
    assert sink.outputs == record.outputs
    assert text_of(sink.outputs) == ["text and more\n9%", "shown"]
    assert record.cell.shown == 2


async def test_displays_of_forgotten_runs_are_forgotten() -> None:
    displays = Displays()
    for number in range(5000):
        display(OutputRecord(None, displays), "1", f"id{number}")
    assert len(displays._showing) <= 1024


async def test_widget_and_status_messages_are_no_outputs(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for kind in ("comm_open", "comm_msg", "comm_close", "status", "shutdown_reply", "unheard_of"):
        record.apply(kind, {"comm_id": "c", "data": {}}, {})
    assert await finished(record, sink) == []
    assert record.messages == 6


async def test_a_deleted_cell_or_a_failing_sink_does_not_stop_the_record(
    sink: RecordingSink,
) -> None:
    record = OutputRecord(sink)
    record.cell.flush()
    sink.deleted = True
    stream(record, "a")
    record.cell.flush()
    assert sink.calls == [("begin", None), ("append", None)], "it may come back"
    sink.deleted = False
    sink.closed = True  # every write fails from now on
    display(record, "b")
    record.cell.flush()
    display(record, "c")
    assert record.cell.error is not None
    await record.finish()
    assert text_of(record.outputs) == ["a", "b", "c"]


async def test_very_many_outputs_let_others_have_a_turn(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for number in range(1000):
        display(record, str(number))
    stream(record, "begin ")
    most = 0

    async def watch() -> None:
        nonlocal most
        while len(sink.outputs) < 1001:
            before = len(sink.outputs)
            await asyncio.sleep(0)
            most = max(most, len(sink.outputs) - before)

    async with asyncio.timeout(10):
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        stream(record, "end")
        texts = await finished(record, sink)
        await watching
    assert texts == [*map(str, range(1000)), "begin end"]
    assert 0 < most <= 20
    assert sink.times("append") <= 53


async def test_text_that_grows_behind_many_changes_is_whole(sink: RecordingSink) -> None:
    record = OutputRecord(sink, Displays())
    for number in range(200):
        display(record, "old", str(number))
    stream(record, "a")
    while record.cell.behind:
        record.cell.flush()
    for number in range(200):
        display(record, "new", str(number), update=True)
    stream(record, "b")
    record.cell.flush()
    stream(record, "c")
    assert await finished(record, sink) == ["new"] * 200 + ["abc"]


async def test_a_result_after_many_outputs_can_be_cleared(sink: RecordingSink) -> None:
    record = OutputRecord(sink)
    for number in range(200):
        display(record, str(number))
    while record.cell.behind:
        record.cell.flush()
    record.apply("clear_output", {"wait": True}, {})
    for number in range(120):
        display(record, f"again {number}")
    assert await finished(record, sink) == [f"again {number}" for number in range(120)]
