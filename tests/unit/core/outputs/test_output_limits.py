"""A run that puts out more than is kept: its beginning and its end stay, and the rest is counted."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.core.outputs.displays import Displays
from jmcp.core.outputs.output_limits import LeftOut, OutputLimits
from jmcp.core.outputs.record import TEXT_PART_CHARACTERS, OutputRecord, ShownOutputs
from jmcp_api import phrases
from tests.fakes.recording_sink import RecordingSink, validate

# A display of n characters has n + 12 bytes.
LIMITS = OutputLimits(
    text_head=100,
    text_tail=50,
    data_head=600,
    data_tail=300,
    outputs_head=10,
    outputs_tail=4,
    error=400,
)


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


def record_of(sink: RecordingSink, **given: Any) -> OutputRecord:
    return OutputRecord(sink, limits=LIMITS, phrases=phrases, **given)


def stream(record: OutputRecord, text: str, name: str = "stdout") -> None:
    record.apply("stream", {"name": name, "text": text}, {})


def display(record: OutputRecord, text: str, display_id: str = "", kind: str = "display") -> None:
    content: dict[str, Any] = {"data": {"text/plain": text}, "metadata": {}}
    if display_id:
        content["transient"] = {"display_id": display_id}
    record.apply(f"{kind}_data", content, {})


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    return [one["text"] if "text" in one else one["data"]["text/plain"] for one in outputs]


async def finished(record: OutputRecord, sink: RecordingSink) -> list[str]:
    await record.finish()
    assert sink.outputs == record.outputs == record.settled
    validate(record.outputs)
    return texts(record.outputs)


async def test_what_fits_is_whole(sink: RecordingSink) -> None:
    record = record_of(sink)
    for number in range(14):
        stream(record, f"{number:09d}\n")
    # Beyond the head, and not beyond head and tail together.
    (text,) = await finished(record, sink)
    assert text == "".join(f"{number:09d}\n" for number in range(14))
    assert record.left_out is None


async def test_of_endless_text_the_beginning_and_the_end_stay(sink: RecordingSink) -> None:
    record = record_of(sink)
    for number in range(10_000):
        stream(record, f"{number:09d}\n")
        assert sum(map(len, texts(record.outputs))) < 500
    head, mark, tail = await finished(record, sink)
    assert head == "".join(f"{number:09d}\n" for number in range(10))
    assert tail == "".join(f"{number:09d}\n" for number in range(9_995, 10_000))
    assert record.left_out == LeftOut(characters=100_000 - 150)
    assert "99,850 characters and 0 outputs" in mark
    assert sink.outputs[1]["name"] == "stderr"


async def test_one_message_of_any_length_is_cut(sink: RecordingSink) -> None:
    record = record_of(sink)
    stream(record, "x" * 10_000_000)
    head, _, tail = await finished(record, sink)
    assert (len(head), len(tail)) == (TEXT_PART_CHARACTERS, 50)
    assert record.left_out == LeftOut(characters=10_000_000 - len(head) - len(tail))


async def test_a_progress_bar_is_never_too_much(sink: RecordingSink) -> None:
    record = record_of(sink)
    for step in range(150):
        stream(record, f"\r{step:5d}")
    assert await finished(record, sink) == ["  149"]
    assert record.left_out is None


async def test_text_that_is_written_over_without_end_is_too_much(sink: RecordingSink) -> None:
    record = record_of(sink)
    for step in range(1000):
        stream(record, f"\r{step:5d}")
    assert record.left_out is not None
    before, _, after = await finished(record, sink)
    assert (before, after) == ("  166", "  999")


async def test_of_many_outputs_the_first_and_the_last_stay(sink: RecordingSink) -> None:
    record = record_of(sink)
    for number in range(100):
        display(record, str(number))
    *head, mark, a, b, c, d = await finished(record, sink)
    assert head == [str(number) for number in range(10)]
    assert [a, b, c, d] == ["96", "97", "98", "99"]
    assert "0 characters and 86 outputs" in mark
    assert record.left_out == LeftOut(outputs=86)


async def test_of_large_outputs_those_that_fit_stay(sink: RecordingSink) -> None:
    record = record_of(sink)
    for letter in "abcdefgh":
        display(record, letter * 188)
    shown = await finished(record, sink)
    assert [text[0] for text in shown] == ["a", "b", "c", "[", "h"]
    assert record.left_out == LeftOut(outputs=4)


async def test_two_streams_that_take_turns_are_bounded(sink: RecordingSink) -> None:
    record = record_of(sink)
    for number in range(100):
        stream(record, f"{number}\n")
        stream(record, "e", "stderr")
    shown = await finished(record, sink)
    assert len(shown) == 10 + 1 + 4
    assert shown[-2:] == ["99\n", "e"]
    assert record.left_out is not None
    assert record.left_out.outputs == 0
    assert sum(map(len, shown)) - len(shown[10]) + record.left_out.characters == 390


async def test_the_cell_says_at_once_that_it_does_not_have_all(sink: RecordingSink) -> None:
    record = record_of(sink)
    for _ in range(100):
        stream(record, "x" * 10)
    record.cell.flush()
    assert texts(sink.outputs) == ["x" * 100, phrases.leaving_out_mark()]
    # Who asks gets the end as well, and who follows gets only what stays.
    assert texts(record.outputs)[-1] == "x" * 50
    assert texts(record.settled) == texts(sink.outputs)
    await finished(record, sink)


async def test_cleared_output_makes_room(sink: RecordingSink) -> None:
    record = record_of(sink)
    for _ in range(5):
        record.apply("clear_output", {"wait": True}, {})
        for _ in range(3):
            display(record, "x" * 188)
        stream(record, "y" * 90)
    assert record.left_out is None
    stream(record, "z" * 90)
    record.apply("clear_output", {"wait": False}, {})
    stream(record, "end")
    assert await finished(record, sink) == ["end"]
    assert record.left_out is None


async def test_a_display_is_updated_wherever_it_is_kept(sink: RecordingSink) -> None:
    record = record_of(sink, displays=Displays())
    display(record, "head", "x")
    for number in range(20):
        display(record, str(number))
    display(record, "tail", "x")
    display(record, "new", "x", "update_display")
    shown = await finished(record, sink)
    assert (shown[0], shown[-1]) == ("new", "new")
    display(record, "newer", "x", "update_display")
    assert (texts(record.outputs)[0], texts(record.outputs)[-1]) == ("newer", "newer")


async def test_an_update_that_has_no_room_is_counted(sink: RecordingSink) -> None:
    record = record_of(sink, displays=Displays())
    display(record, "small", "x")
    display(record, "l" * 1000, "x", "update_display")
    assert await finished(record, sink) == ["small"]
    assert record.left_out == LeftOut(outputs=1)


async def test_what_threads_print_after_the_end_follows(sink: RecordingSink) -> None:
    record = record_of(sink)
    stream(record, "x" * 1000)
    stream(record, "x" * TEXT_PART_CHARACTERS * 2)
    await record.finish()
    stream(record, "late")
    await record.catch_up(sink)
    assert texts(sink.outputs)[-1] == "x" * 50 + "late"


async def test_a_run_that_is_taken_up_counts_what_its_cell_shows(sink: RecordingSink) -> None:
    before = {"output_type": "stream", "name": "stdout", "text": "x" * 100}
    sink.outputs = [before]
    record = record_of(sink, shown=ShownOutputs(outputs=[before]))
    for _ in range(10):
        stream(record, "y" * 10)
    head, _, tail = await finished(record, sink)
    assert (head, tail) == ("x" * 100, "y" * 50)


async def test_a_remark_comes_behind_the_end(sink: RecordingSink) -> None:
    record = record_of(sink)
    for _ in range(30):
        stream(record, "x" * 10)
    record.mark("remark")
    *_, tail, remark = await finished(record, sink)
    assert (tail, remark) == ("x" * 50, "remark")


async def test_an_exception_of_any_size_is_there(sink: RecordingSink) -> None:
    record = record_of(sink)
    content = {"ename": "E" * 10**6, "evalue": "v" * 10**6, "traceback": ["t" * 10**5] * 10**3}
    record.apply("error", content, {})
    await record.finish()
    (error,) = sink.outputs
    validate([error])
    assert (error["ename"][0], error["evalue"][0], error["traceback"][0][0]) == ("E", "v", "t")
    assert len(str(error)) < 1000
