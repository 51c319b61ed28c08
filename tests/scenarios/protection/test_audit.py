"""The audit log: who called what, and what became of it."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.observe.audit import CELLS, CONTENT_CHARACTERS, AuditLog
from jmcp.core.observe.events import CallEvent, SessionEvent

SESSION = "secretid"
Open = Callable[..., AuditLog]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def call(**given: Any) -> CallEvent:
    known: dict[str, Any] = {
        "tool": "execute_cell",
        "owner": "somebody",
        "request_id": "r1",
        "arguments": {"session_id": SESSION, "cell_id": "c1"},
        "session": "se***",
        "notebook_path": "a.ipynb",
        "outcome": "ok",
        "result": {"session_id": SESSION, "cell_id": "c1", "outputs": [{"text": "printed"}]},
        "began": 0.0,
        "seconds": 1.5,
    }
    return CallEvent(**known | given)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def test_a_call_is_one_line(path: Path) -> None:
    AuditLog(path).on_call(call())
    assert lines(path) == [
        {
            "when": "1970-01-01T00:00:00.000+00:00",
            "event": "call",
            "principal": "somebody",
            "request_id": "r1",
            "session": "se***",
            "tool": "execute_cell",
            "notebook": "a.ipynb",
            "cells": ["c1"],
            "outcome": "ok",
            "seconds": 1.5,
        }
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_event_of_a_session_is_one_line(path: Path) -> None:
    event = SessionEvent(what="closed", owner="somebody", session="se***", details={"hours": 2})
    AuditLog(path).on_session_event(event)
    (line,) = lines(path)
    assert (line["event"], line["session"], line["details"]) == ("closed", "se***", {"hours": 2})


def test_what_a_call_named_and_what_it_did_are_its_cells(path: Path) -> None:
    audit = AuditLog(path)
    audit.on_call(call(arguments={"after_cell_id": "a"}, result={"cell_id": "new"}))
    audit.on_call(
        call(
            arguments={"cell_ids": ["a", "b"]},
            result={"deleted": [{"cell_id": "b"}, {"cell_id": None}, {"cell_id": "c"}]},
        )
    )
    audit.on_call(
        call(
            arguments={"start_cell_id": "x"},
            result={
                "cell_id": None,
                "batch": {"cells": {"columns": ["cell_id"], "rows": [["x"], ["y"], [None]]}},
            },
        )
    )
    assert [line["cells"] for line in lines(path)] == [["a", "new"], ["a", "b", "c"], ["x", "y"]]


def test_of_a_refused_call_it_says_what_was_asked(path: Path) -> None:
    """Arguments of any type: nobody has looked at them yet."""
    audit = AuditLog(path)
    refused = {"session": None, "notebook_path": None, "outcome": "invalid_arguments"}
    given: dict[str, Any] = {"session_id": SESSION, "notebook_path": "b" * 9999, "cell_id": "i" * 9}
    audit.on_call(call(arguments=given, result=None, **refused))
    strange = {"session_id": [1], "notebook_path": {}, "cell_ids": 7, "cell_id": None, "batch": {}}
    audit.on_call(call(arguments=strange | {"deleted": [1, {}]}, result=None, **refused))
    many = {"cell_ids": [f"{number:0999}" for number in range(9999)]}
    audit.on_call(call(arguments=many, result=None, **refused))
    known, other, long = lines(path)
    assert (known["session"], known["notebook"]) == ("se***", "b" * 256)
    assert (other["session"], other["notebook"], other["cells"]) == (None, None, [])
    assert [len(name) for name in long["cells"]] == [256]


def test_a_batch_is_bounded(path: Path) -> None:
    rows = [[number, str(number)] for number in range(1000)]
    AuditLog(path).on_call(
        call(result={"batch": {"cells": {"columns": ["cell_index", "cell_id"], "rows": rows}}})
    )
    assert len(lines(path)[0]["cells"]) == CELLS


def test_no_source_and_no_output_unless_asked(path: Path) -> None:
    arguments = {"session_id": SESSION, "cell_source": "password = 1"}
    AuditLog(path).on_call(call(arguments=arguments))
    text = path.read_text()
    assert "password" not in text
    assert "printed" not in text
    AuditLog(path, content=True).on_call(call(arguments=arguments))
    assert lines(path)[1]["arguments"]["cell_source"] == "password = 1"
    assert lines(path)[1]["result"]["outputs"] == [{"text": "printed"}]


def test_the_id_of_another_session_is_masked_too(path: Path) -> None:
    arguments = {"of_session_id": "reviewed-secret", "note": "of reviewed-secret"}
    AuditLog(path, content=True).on_call(call(arguments=arguments))
    assert "reviewed-secret" not in path.read_text()
    assert lines(path)[0]["arguments"]["of_session_id"] == "re***"


def test_no_whole_session_id_even_with_content(path: Path) -> None:
    rows = [{"session_id": "another-secret"}]
    result = {"session_id": SESSION, "next": f"Pass {SESSION} on.", "notebooks": rows}
    AuditLog(path, content=True).on_call(call(result=result))
    text = path.read_text()
    assert SESSION not in text
    assert "another-secret" not in text
    assert lines(path)[0]["result"]["next"] == "Pass se*** on."


def test_content_is_bounded_and_always_json(path: Path) -> None:
    audit = AuditLog(path, content=True)
    audit.on_call(call(arguments={"cell_source": "x" * 10**6}))
    nested: dict[str, Any] = {}
    for _ in range(2 * sys.getrecursionlimit()):  # others in this process may have raised it
        nested = {"in": nested}
    audit.on_call(call(arguments=nested))
    audit.on_call(call(arguments={"timeout": float("nan"), "odd": "\ud800\n\x1b"}))
    long, deep, odd = lines(path)
    assert len(long["arguments"]["cut"]) == CONTENT_CHARACTERS
    assert long["arguments"]["characters"] > 10**6
    assert deep["arguments"] == {"cut": "", "characters": None}
    assert odd["arguments"] == {"timeout": "NaN", "odd": "\ud800\n\x1b"}
    assert path.read_bytes().count(b"\n") == 3
    assert b"\x1b" not in path.read_bytes()


def test_it_appends_to_what_is_there(path: Path) -> None:
    path.write_text('{"earlier": true}\n')
    path.chmod(0o640)
    first, second = AuditLog(path), AuditLog(path)
    for _ in range(3):
        first.on_call(call())
        second.on_call(call())
    assert len(lines(path)) == 7
    assert path.stat().st_mode & 0o777 == 0o640  # whoever made it decides who reads it


def test_a_rotated_file_is_left_alone(path: Path) -> None:
    audit = AuditLog(path)
    audit.on_call(call(request_id="1"))
    path.rename(path.with_suffix(".1"))
    audit.on_call(call(request_id="2"))
    path.unlink()
    path.write_text("")  # as `create` of logrotate does
    audit.on_call(call(request_id="3"))
    os.truncate(path, 0)  # as its `copytruncate` does
    audit.on_call(call(request_id="4"))
    assert [line["request_id"] for line in lines(path.with_suffix(".1"))] == ["1"]
    assert [line["request_id"] for line in lines(path)] == ["4"]


def test_what_cannot_be_written_is_said_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "missing" / "audit.jsonl"
    audit = AuditLog(path)
    with caplog.at_level(logging.WARNING, logger="jmcp"):
        for _ in range(3):
            audit.on_call(call())
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "No such file or directory" in caplog.text
        path.parent.mkdir()
        audit.on_call(call())
        audit.on_call(call())
        assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
        assert "lacks 3 lines" in caplog.text
    first, *calls = lines(path)
    assert (first["event"], first["lines"]) == ("lines_lost", 3)
    assert [line["event"] for line in calls] == ["call", "call"]


def test_a_torn_line_tears_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = os.write
    audit = AuditLog(path)
    with monkeypatch.context() as patched:
        patched.setattr("os.write", lambda file, data: genuine(file, data[:20]))
        audit.on_call(call(request_id="torn"))
    audit.on_call(call(request_id="whole"))
    torn, *whole = path.read_text().splitlines()
    assert torn.startswith('{"when"')
    assert [json.loads(line)["event"] for line in whole] == ["lines_lost", "call"]


def test_a_pipe_that_nobody_reads_holds_up_nothing(path: Path) -> None:
    os.mkfifo(path)
    audit = AuditLog(path)
    began = time.monotonic()
    audit.on_call(call())  # opening it for writing would wait for a reader
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for _ in range(5000):  # and a write to a full one for somebody who reads
            audit.on_call(call())
        assert time.monotonic() - began < 60
        assert os.read(reader, 2**20)
    finally:
        os.close(reader)
        audit.close()
