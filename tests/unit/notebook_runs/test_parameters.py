"""Values of a command line are typed as YAML has scalars, and written as the language has them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from jmcp.core.errors import ServeError
from jmcp.notebook_runs.parameters import given, source_of, typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("1_000", 1000),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("a text", "a text"),
        ('"007"', "007"),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ("nan", "nan"),
        ("2024-01-01", "2024-01-01"),
        ("a=b", "a=b"),
    ],
)
def test_a_value_has_its_type(text: str, value: Any) -> None:
    found = typed(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["noequals", "1x=2", "a b=2", "=2"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        given(text)


def test_the_code_of_python_sets_the_same_values() -> None:
    wanted = {
        "a": 1,
        "b": 2.5,
        "c": 'it\'s "quoted"\nand two lines',
        "d": None,
        "e": [1, True, {"x": "y"}],
        "f": float("inf"),
    }
    names: dict[str, Any] = {}
    exec(source_of(wanted, "python"), {}, names)  # the code is the subject
    assert names == wanted


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("R", 'x = list(TRUE, NULL, "a")'),
        ("julia", 'x = [true, nothing, "a"]'),
        ("bash", "x=(true '' 'a')"),
    ],
)
def test_other_languages_have_their_own_words(language: str, line: str) -> None:
    assert source_of({"x": [True, None, "a"]}, language).splitlines() == ["# Parameters", line]


def test_a_shell_runs_nothing_of_a_value() -> None:
    assert source_of({"x": "$(rm -r ~)'; ls"}, "bash").endswith("x='$(rm -r ~)'\\''; ls'")
    assert source_of({"x": "$(exit())"}, "julia").endswith('x = "\\$(exit())"')


def test_numbers_that_are_none_are_said_in_python() -> None:
    names: dict[str, Any] = {}
    exec(source_of({"x": math.nan}, "python"), {}, names)
    assert math.isnan(names["x"])


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        ServeError, match="cannot be set in cobol; known are python, r, julia, bash"
    ):
        source_of({"x": 1}, "cobol")
