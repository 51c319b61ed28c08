"""What arguments are accepted, and what the refusals tell."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.arguments import Arguments
from jmcp.core.errors import ToolError
from tests.work import lines_run

ARGUMENTS = Arguments(API.policy)


def refusal(tool: str, arguments: dict[str, Any]) -> str:
    with pytest.raises(ToolError) as caught:
        ARGUMENTS.decode(API.tools[tool], arguments)
    assert caught.value.code == "invalid_arguments"
    return caught.value.message


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("read_cell", {"cell_indx": 1}, "did you mean cell_index?"),
        ("read_cell", {}, "exactly one of cell_index or cell_id"),
        ("read_cell", {"cell_index": 0, "cell_id": "a"}, "both given"),
        ("read_cell", {"cell_index": 0, "index": 0}, "index means cell_index"),
        ("read_cell", {"cell_index": None}, "null is not a value"),
        ("read_cell", {"cell_index": "0"}, "integer"),
        ("read_cell", {"cell_index": True}, "integer"),
        ("read_cell", {"cell_index": 0.5}, "integer"),
        ("read_cell", {"cell_index": -1}, "greater than or equal to 0"),
        ("execute_cell", {"cell_index": 0, "timeout": float("inf")}, "finite"),
        ("execute_cell", {"cell_index": 0, "timeout": -1}, "greater than or equal to 0"),
        ("execute_cell", {"cell_index": 0, "timeout": 1e6}, "86400"),
        ("delete_cell", {"cell_indices": []}, "cell_indices"),
        ("insert_cell", {"cell_index": 0, "cell_type": "image", "cell_source": ""}, "markdown"),
        ("use_notebook", {}, "notebook_path is required"),
    ],
)
def test_a_refusal_names_the_problem(tool: str, arguments: dict[str, Any], says: str) -> None:
    assert says in refusal(tool, arguments)


def test_a_refusal_never_repeats_the_value() -> None:
    assert "s3cret" not in refusal("use_notebook", {"notebook_path": ["s3cret"]})


def test_a_hundred_thousand_unknown_arguments_take_no_time() -> None:
    arguments = {f"cell_sourcee_{number}": 0 for number in range(100_000)}

    def refused() -> None:
        with pytest.raises(ToolError) as caught:
            ARGUMENTS.decode(API.tools["read_cell"], arguments)
        assert len(caught.value.details["problems"]) == 50
        assert "and 99995 more" in caught.value.message

    lines_run(refused, most=1_500_000)


def test_an_integral_float_is_an_integer_and_synonyms_are_names() -> None:
    decoded = ARGUMENTS.decode(API.tools["read_cell"], {"index": 1.0})
    assert decoded.model_dump(exclude_unset=True) == {"cell_index": 1}
    code = ARGUMENTS.decode(API.tools["execute_code"], {"source": "1"})
    assert code.model_dump(exclude_unset=True) == {"code": "1"}


def test_a_session_id_is_welcome_where_it_is_not_needed() -> None:
    decoded = ARGUMENTS.decode(API.tools["list_kernels"], {"session_id": "abcdefgh"})
    assert decoded.model_dump(exclude_unset=True) == {}
