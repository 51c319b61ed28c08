"""What is read from results: errors, warnings, text and images, of every kind of result."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from jmcp.client.answer import Answer, Image
from jmcp_api import models, results
from jmcp_api.client import (
    Issue,
    get_error_info,
    get_execution_summary,
    get_warning_info,
    has_error,
    has_execution_issues,
    has_warning,
    images,
    outputs_text,
)

RAISED = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"}
DIVISION = Issue(type="zero_division_error", message="ZeroDivisionError: division by zero")
WARNED = {"name": "stderr", "text": "<stdin>:1: DeprecationWarning: use b\n  a()\n"}
RUN: dict[str, Any] = {"execution_id": "e", "seconds": 1.0, "outputs": []}
OBJECT: dict[str, Any] = {
    "cell_index": 3,
    "cell_id": "c",
    "content": "1/0",
    "output": ["a", "b"],
    "images": [],
}


def result(kind: type[Any], **data: Any) -> Any:
    image = Image(mime_type="image/png", data=b"png")
    return kind.model_of_answer(Answer(result=data, text="shown", images=(image,)))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(results.Execution, **RUN), None),
        (result(results.Execution, **RUN | {"outputs": [RAISED], "status": "error"}), DIVISION),
        # An exception of a cell that somebody else ran, which is a reading and no run.
        (result(results.Cell, cell_index=0, source="", outputs=[RAISED]), DIVISION),
        (result(results.Execution, **RUN | {"status": "running"}), None),
        (
            result(results.Execution, **RUN | {"status": "timed_out"}),
            Issue(type="timed_out", message="timed_out"),
        ),
        (
            result(
                results.Execution,
                **RUN | {"status": "interrupted"},
                notices=[{"code": "run_abandoned", "message": "It was ended.", "details": {}}],
            ),
            Issue(type="interrupted", message="It was ended."),
        ),
        (
            result(
                results.Execution,
                **RUN,
                batch={
                    "done": 1,
                    "total": 1,
                    "cells": [
                        {
                            "cell_index": 0,
                            "status": "error",
                            "seconds": 0.1,
                            "error": "ZeroDivisionError: division by zero",
                        }
                    ],
                },
            ),
            Issue(type="zero_division_error", message="ZeroDivisionError: division by zero"),
        ),
        (
            result(
                results.AppliedEdits,
                cells=[],
                cell_count=1,
                execution=RUN | {"outputs": [RAISED], "status": "error"},
            ),
            DIVISION,
        ),
        (
            result(
                results.CellObject,
                **OBJECT,
                error={"type": "value_error", "message": "ValueError: x"},
            ),
            Issue(type="value_error", message="ValueError: x"),
        ),
        # A program that prints what looks like an exception has not failed.
        (
            result(
                results.Execution,
                **RUN | {"outputs": [{"text": "ValueError: all fine\n", "name": "stdout"}]},
            ),
            None,
        ),
        (RUN | {"outputs": [RAISED], "status": "error"}, DIVISION),
    ],
)
def test_the_error_of_a_result(told: object, expected: Issue | None) -> None:
    assert get_error_info(told) == expected
    assert has_error(told) is (expected is not None)


def test_the_warning_of_a_result() -> None:
    run = result(results.Execution, **RUN | {"outputs": [WARNED]})
    assert get_warning_info(run) == Issue(
        type="deprecation_warning", message="DeprecationWarning: use b"
    )
    assert (has_warning(run), has_error(run), has_execution_issues(run)) == (True, False, True)
    logged = {"name": "stderr", "text": "100%|####| DeprecationWarning: progress\n"}
    assert not has_warning(result(results.Execution, **RUN | {"outputs": [logged]}))
    older = models.CellObject(
        **OBJECT | {"warning": models.WarningObject(type="user_warning", message="UserWarning: w")}
    )
    assert get_warning_info(older) == Issue(type="user_warning", message="UserWarning: w")


def test_the_text_of_all_outputs() -> None:
    outputs = [{"text": "a\n", "name": "stdout"}, {"output_type": "execute_result", "text": "2"}]
    assert outputs_text(result(results.Execution, **RUN | {"outputs": outputs})) == "a\n2"
    assert outputs_text(result(results.CellObject, **OBJECT)) == "a\nb"
    assert outputs_text(result(results.ExecutionLog, result=["a", "b"])) == "a\nb"


def test_images_beside_a_result_and_within() -> None:
    assert images(result(results.Execution, **RUN)) == (Image(mime_type="image/png", data=b"png"),)
    within = {
        "type": "image",
        "mime_type": "image/jpeg",
        "size_bytes": 4,
        "base64_data": base64.b64encode(b"jpg").decode(),
        "description": "",
    }
    assert images({"images": [within]}) == (Image(mime_type="image/jpeg", data=b"jpg"),)


def test_the_summary_is_that_of_older_clients() -> None:
    told = models.CellObject(
        **OBJECT | {"error": models.ErrorObject(type="value_error", message="ValueError: x")}
    )
    assert get_execution_summary(told) == {
        "has_error": True,
        "has_warning": False,
        "has_output": True,
        "has_images": False,
        "cell_index": 3,
        "error": {"type": "value_error", "message": "ValueError: x"},
    }
