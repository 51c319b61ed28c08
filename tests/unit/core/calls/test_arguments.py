"""What arguments are accepted, and what the refusals tell."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.arguments import Arguments, unknown_tool
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
        ("read_cell", {}, "give one of cell_index or cell_id"),
        ("read_cell", {"cell_index": None, "cell_id": ""}, "give one of cell_index or cell_id"),
        ("read_cell", {"cell_index": 0, "index": 0}, "index means cell_index"),
        ("read_cell", {"cell_index": 0, "nothing": None}, "nothing is not an argument"),
        ("read_cell", {"cell_index": ""}, "integer"),
        ("use_notebook", {"notebook_path": None}, "notebook_path is required"),
        ("use_notebook", {"notebook_path": ""}, "at least 1 character"),
        ("delete_cell", {"cell_ids": [None]}, "cell_ids"),
        ("execute_code", {"code": ""}, "at least 1 character"),
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


@pytest.mark.parametrize(
    ("tool", "arguments", "means"),
    [
        ("read_cell", {"index": 1, "full_output": True}, {"cell_index": 1}),
        ("execute_cell", {"cell_index": 1, "timeout_seconds": 5}, {"cell_index": 1, "timeout": 5}),
        (
            "execute_cell",
            {"cell_index": 1, "stream": True, "progress_interval": 5, "full_output": False},
            {"cell_index": 1},
        ),
        ("execute_code", {"source": "1", "timeout_seconds": 5}, {"code": "1", "timeout": 5}),
        (
            "insert_execute_code_cell",
            {"index": -1, "source": "1", "timeout_seconds": 5, "full_output": True},
            {"cell_index": -1, "cell_source": "1", "timeout": 5},
        ),
        ("delete_cell", {"cell_index": 3}, {"cell_indices": [3]}),
        ("delete_cell", {"cell_id": "a"}, {"cell_ids": ["a"]}),
        ("delete_cell", {"cell_index": [3, 4]}, {"cell_indices": [3, 4]}),
        ("delete_cell", {"cell_index": None, "cell_id": "a"}, {"cell_ids": ["a"]}),
        ("read_notebook", {"notebook_name": "a", "limit": 0}, {"notebook_path": "a", "limit": 0}),
        ("list_notebooks", {"notebook_path": "a.ipynb", "limit": 0}, {"limit": 0}),
        ("list_files", {"session_id": "x", "notebook_path": "a.ipynb", "limit": 0}, {"limit": 0}),
        ("list_kernels", {"session_id": "x", "notebook_name": "a"}, {}),
        ("use_notebook", {"path": "a.ipynb"}, {"notebook_path": "a.ipynb"}),
    ],
)
def test_the_names_of_older_servers_are_understood(
    tool: str, arguments: dict[str, Any], means: dict[str, Any]
) -> None:
    decoded = ARGUMENTS.decode(API.tools[tool], arguments)
    assert decoded.model_dump(exclude_unset=True) == means


def test_every_session_tool_takes_another_notebook() -> None:
    for tool in API.tools.values():
        if tool.session == "required":
            assert "notebook_path" in tool.params.model_fields, tool.name
            assert tool.synonyms["notebook_name"] == "notebook_path", tool.name


def test_every_limit_may_be_zero() -> None:
    for tool in API.tools.values():
        if "limit" in tool.params.model_fields:
            required = {
                name: 0 if field.annotation is int else "a"
                for name, field in tool.params.model_fields.items()
                if field.is_required()
            }
            given: dict[str, Any] = {"limit": 0, **required}
            for group in tool.either:
                given[group[0]] = 0
            assert ARGUMENTS.decode(tool, given).model_dump()["limit"] == 0, tool.name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("execute_cel", "There is no tool 'execute_cel'; did you mean execute_cell?"),
        ("frobnicate", "There is no tool 'frobnicate'. tools/list has them all."),
        ("x" * 100_000, f"There is no tool {'x' * 100!r}. tools/list has them all."),
    ],
)
def test_an_unknown_tool_is_told_with_the_nearest_one(name: str, says: str) -> None:
    assert unknown_tool(name, API.tools, API) == says


def test_a_tool_that_is_not_shown_is_told_with_its_toolset() -> None:
    for name, toolset in (("list_executions", "extra"), ("read_cell", "core")):
        assert f"--toolset has to name {toolset} too" in unknown_tool(name, ["run_script"], API)


def test_a_refusal_never_repeats_the_value() -> None:
    assert "s3cret" not in refusal("use_notebook", {"notebook_path": ["s3cret"]})


def test_a_hundred_thousand_unknown_arguments_take_no_time() -> None:
    arguments = {f"cell_sourcee_{number}": 0 for number in range(100_000)}

    def refused() -> None:
        with pytest.raises(ToolError) as caught:
            ARGUMENTS.decode(API.tools["read_cell"], arguments)
        assert len(caught.value.details["problems"]) == 50
        assert "and 99995 more" in caught.value.message

    lines_run(refused, most=150_000)


@pytest.mark.parametrize(
    "indices", [[[]] * 100_000, [[[]] * 500] * 200], ids=["one", "many in one"]
)
def test_long_arrays_are_not_looked_through(indices: list[Any]) -> None:

    def refused() -> None:
        assert "at most 100" in refusal("delete_cell", {"cell_indices": indices})

    lines_run(refused, most=50_000)


def test_an_integral_float_is_an_integer_and_synonyms_are_names() -> None:
    decoded = ARGUMENTS.decode(API.tools["read_cell"], {"index": 1.0})
    assert decoded.model_dump(exclude_unset=True) == {"cell_index": 1}
    code = ARGUMENTS.decode(API.tools["execute_code"], {"source": "1"})
    assert code.model_dump(exclude_unset=True) == {"code": "1"}


@pytest.mark.parametrize("tool", API.tools)
def test_what_need_not_be_given_may_be_null_or_an_empty_id(tool: str) -> None:
    params = API.tools[tool].params
    optional = [name for name, field in params.model_fields.items() if not field.is_required()]
    required: dict[str, Any] = {
        "notebook_path": "a.ipynb",
        "cell_source": "",
        "cell_type": "code",
        "old_string": "a",
        "new_string": "",
        "code": "1",
        "execution_id": "x",
        "conversation_id": "c1",
        "pattern": "x",
        "uri": "notebook://a.ipynb",
        "kind": "notebook",
        "cell_indices": "0",
        "output": 0,
        "mime_type": "text/plain",
        "edits": [{"op": "delete", "cell": "a"}],
        "packages": ["x"],
        "format": "py",
    }
    given = {name: required[name] for name in params.model_fields if name not in optional}
    given |= {group[0]: [0] if "indices" in group[0] else 0 for group in API.tools[tool].either}
    nulls = {name: None for name in optional if name not in given}
    empty = {name: "" for name in nulls if name.endswith("_id")}
    synonyms = {one: None for one in API.tools[tool].synonyms if one not in given}
    for arguments in (given | nulls, given | nulls | empty, given | synonyms):
        decoded = ARGUMENTS.decode(API.tools[tool], arguments)
        assert decoded.model_dump(exclude_unset=True) == given


def test_a_null_beside_the_name_that_is_meant_is_nothing() -> None:
    decoded = ARGUMENTS.decode(API.tools["read_cell"], {"cell_index": None, "index": 1})
    assert decoded.model_dump(exclude_unset=True) == {"cell_index": 1}


def test_a_session_id_is_welcome_where_it_is_not_needed() -> None:
    decoded = ARGUMENTS.decode(API.tools["list_kernels"], {"session_id": "abcdefgh"})
    assert decoded.model_dump(exclude_unset=True) == {}
