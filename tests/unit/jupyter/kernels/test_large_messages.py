"""Messages that are large: their parts say the same, and too large ones are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import LEFT_OUT
from jmcp_api import limits, phrases
from jmcp_api.sessions import POLICY
from jmcp_jupyter.kernels.common.large_messages import (
    LARGE_BYTES,
    PART_CHARACTERS,
    READ_BYTES,
    parts_of,
)
from jmcp_jupyter.kernels.common.messages import Message, message_of

TOO_MANY = limits.MESSAGE_BYTES + 1


def received(kind: str, content: dict[str, Any]) -> list[Message]:
    """What is handed on of the message with that content."""
    header = {"msg_type": kind, "msg_id": "p_1_7", "session": "p"}
    parts = [json.dumps(part).encode() for part in (header, {"msg_id": "r"}, {}, content)]
    return list(parts_of(message_of("iopub", parts)))


def test_long_text_comes_in_parts_of_which_the_first_has_the_number() -> None:
    text = "".join(f"{number}\n" for number in range(PART_CHARACTERS))
    found = received("stream", {"name": "stderr", "text": text})
    assert len(found) > 1
    assert all(len(one.content["text"]) <= PART_CHARACTERS for one in found)
    assert "".join(one.content["text"] for one in found) == text
    assert {one.content["name"] for one in found} == {"stderr"}
    assert [one.header["msg_id"] for one in found] == ["p_1_7", *[""] * (len(found) - 1)]
    assert {one.parent_id for one in found} == {"r"}


def test_other_messages_are_whole_and_small_ones_the_same() -> None:
    data = {"text/html": "x" * (PART_CHARACTERS + 1)}
    [one] = received("display_data", {"data": data})
    assert one.content["data"] == data
    [one] = received("stream", {"name": "stdout", "text": "x"})
    assert one.content == {"name": "stdout", "text": "x"}


@pytest.mark.parametrize("odd", [float("nan"), 2**70, "\ud800"], ids=str)
def test_large_content_is_read_as_python_reads_it(odd: Any) -> None:
    content = {"data": {"application/json": ["x" * LARGE_BYTES, odd]}}
    [one] = received("display_data", content)
    assert json.dumps(one.content) == json.dumps(content)


def test_of_text_that_is_too_large_the_beginning_is_kept_and_the_rest_counted() -> None:
    found = received("stream", {"name": "stdout", "text": "x" * TOO_MANY})
    record = OutputRecord(limits=POLICY.run_output, phrases=phrases)
    for one in found:
        record.apply(one.kind, one.content, one.metadata)
    assert record.outputs[0]["text"].startswith("x" * POLICY.run_output.text_head)
    assert record.left_out is not None
    assert record.left_out.characters >= TOO_MANY - READ_BYTES
    assert record.left_out.characters < TOO_MANY


def test_of_other_outputs_that_are_too_large_is_known_that_they_were_there() -> None:
    [one] = received("display_data", {"data": {"text/html": "x" * TOO_MANY}})
    assert one.kind == LEFT_OUT
    record = OutputRecord(limits=POLICY.run_output, phrases=phrases)
    record.apply(one.kind, one.content, one.metadata)
    record.apply("stream", {"name": "stdout", "text": "after it"}, {})
    assert record.left_out is not None
    assert record.left_out.outputs == 1
    assert [output["text"] for output in record.outputs] == [
        phrases.leaving_out_mark(),
        "after it",
    ]


def test_how_a_run_ended_is_known_however_large_its_exception() -> None:
    content = {"status": "error", "traceback": ["x" * TOO_MANY], "ename": "E", "evalue": "v"}
    [one] = received("execute_reply", content)
    assert one.content["status"] == "error"
    late = {"traceback": ["x" * TOO_MANY], "ename": "E", "status": "error"}
    [one] = received("execute_reply", late)
    assert (one.content["status"], one.content["ename"]) == ("error", "E")
