"""Path and query strings become JSON values by the types of the params."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.compose import API
from jmcp.transport.rest.query import values


@pytest.mark.parametrize(
    ("tool", "text", "decoded"),
    [
        ("read_cell", ("cell_index", "3"), 3),
        ("read_cell", ("cell_index", "-1"), -1),
        ("read_cell", ("cell_index", "1.0"), 1.0),
        ("read_cell", ("cell_index", "three"), "three"),
        ("read_cell", ("cell_index", "٣"), "٣"),
        ("read_cell", ("cell_index", "9" * 5000), "9" * 5000),
        ("read_cell", ("cell_id", "12345678"), "12345678"),
        ("read_cell", ("index", "3"), 3),
        ("read_cell", ("include_outputs", "false"), False),
        ("read_cell", ("include_outputs", "0"), "0"),
        ("execute_cell", ("timeout", "1.5e1"), 15.0),
        ("execute_cell", ("timeout", "inf"), "inf"),
        ("delete_cell", ("cell_indices", "3"), [3]),
        ("delete_cell", ("cell_ids", "3"), ["3"]),
        ("list_files", ("path", ""), ""),
        ("list_files", ("unknown", "1"), "1"),
    ],
)
def test_strings_become_what_the_param_is(tool: str, text: tuple[str, str], decoded: Any) -> None:
    name, _ = text
    result = values(API.tools[tool], [text])[name]
    assert result == decoded
    assert type(result) is type(decoded)


def test_repeated_names_make_an_array() -> None:
    pairs = [("cell_indices", "0"), ("cell_indices", "2")]
    assert values(API.tools["delete_cell"], pairs) == {"cell_indices": [0, 2]}


def test_a_repeated_name_that_is_no_array_stays_visible_to_validation() -> None:
    pairs = [("cell_index", "0"), ("cell_index", "2")]
    assert values(API.tools["read_cell"], pairs) == {"cell_index": [0, 2]}
