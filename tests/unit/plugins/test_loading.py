"""Toolsets that are broken are named with the reason, and leave all others as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from jmcp.plugins.loading import load
from jmcp.toolsets import FORMAT
from jmcp_example_review import TOOLSET as REVIEW
from tests.unit.plugins.conftest import Install, installed

FIND = REVIEW.tools["find_todos"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def reasons(*several: object) -> list[str]:
    """What is said of these, with the example beside them, which has to be usable all the same."""
    review = installed("review", "jmcp_example_review:TOOLSET", "jmcp-example-review 0.1.0")
    loaded = load([*several, review])  # type: ignore[list-item]
    assert [*loaded.toolsets[-1].tools] == ["profile_dataframe", "find_todos"]
    return [str(fault) for fault in loaded.faults]


def test_a_toolset_is_loaded_with_the_package_that_brings_it() -> None:
    [one] = load([installed("review", "jmcp_example_review:TOOLSET", "jmcp-x 1.2")]).toolsets
    assert one.toolset is REVIEW
    assert {tool.package for tool in one.tools.values()} == {"jmcp-x 1.2"}


def test_a_module_that_is_not_there() -> None:
    [reason] = reasons(installed("lost", "not_there_at_all:TOOLSET"))
    assert reason == (
        "The toolset lost (jmcp-other 1.0) is left out: not_there_at_all:TOOLSET cannot be imported: "
        "ModuleNotFoundError: No module named 'not_there_at_all'. Repair or uninstall it; jmcp doctor "
        "looks at it again."
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('no license')", "SystemExit: no license"),
        ("def", "SyntaxError: invalid syntax"),
        ("raise BaseException", "BaseException"),
        ("", "AttributeError: module 'bad_toolset_4' has no attribute 'TOOLSET'"),
    ],
)
def test_a_module_that_fails(
    folder: Path, source: str, shown: str, request: pytest.FixtureRequest
) -> None:
    name = f"bad_toolset_{request.node.callspec.indices['source']}"
    (folder / f"{name}.py").write_text(source)
    [reason] = reasons(installed("bad", f"{name}:TOOLSET"))
    assert f"is left out: {name}:TOOLSET cannot be imported: {shown}" in reason


@pytest.mark.parametrize(
    ("made_for", "remedy"),
    [(FORMAT - 1, "generate it again"), (FORMAT + 1, "install a newer jmcp")],
)
def test_a_package_that_was_generated_for_another_jmcp(
    folder: Path, made_for: int, remedy: str
) -> None:
    source = f"from jmcp.toolsets import require_format\nrequire_format({made_for})\n"
    (folder / f"made_for_{made_for}.py").write_text(source)
    [reason] = reasons(installed("old", f"made_for_{made_for}:TOOLSET"))
    assert (
        f"generated for format {made_for} of toolsets, and this jmcp has format {FORMAT}" in reason
    )
    assert remedy in reason


def test_an_entry_point_of_something_else(install: Install) -> None:
    [reason] = reasons(install("odd", {"tools": []}))
    assert "is dict, and no Toolset" in reason


def test_an_entry_point_with_another_name_than_its_toolset(install: Install) -> None:
    [reason] = reasons(install("other", REVIEW))
    assert "its spec calls it review, and its entry point other" in reason


@pytest.mark.parametrize("name", ["core", "compat", "all"])
def test_a_toolset_with_a_name_of_jmcp(install: Install, name: str) -> None:
    [reason] = reasons(install(name, replace(REVIEW, name=name)))
    assert f"The toolset {name} (jmcp-other 1.0) is left out: jmcp has a toolset" in reason


def test_of_two_toolsets_with_one_name_the_first_is_used(install: Install) -> None:
    one, two = install("review", REVIEW, "jmcp-a 1"), install("review", REVIEW, "jmcp-b 1")
    loaded = load([one, two])
    assert [each.package for each in loaded.toolsets] == ["jmcp-a 1"]
    [reason] = map(str, loaded.faults)
    assert "The toolset review (jmcp-b 1) is left out: jmcp-a 1 has a toolset" in reason


def test_a_tool_with_the_name_of_one_of_jmcp_alone_is_left_out(install: Install) -> None:
    tools = {"read_cell": replace(FIND, name="read_cell", handler="read_cell"), "find_todos": FIND}
    handlers = SimpleNamespace(read_cell=REVIEW.handlers.find_todos, find_todos=None)
    loaded = load([install("more", replace(REVIEW, name="more", tools=tools, handlers=handlers))])
    assert [str(fault).partition(". ")[0] for fault in loaded.faults] == [
        "The tool read_cell of toolset more (jmcp-other 1.0) is left out: jmcp has a tool of that name",
        "The tool find_todos of toolset more (jmcp-other 1.0) is left out: it has no handler",
        "The toolset more (jmcp-other 1.0) is left out: none of its tools can be used",
    ]
    assert loaded.toolsets == ()


def test_a_tool_with_the_name_of_one_of_another_package_alone_is_left_out(install: Install) -> None:
    tools = {"find_todos": FIND, "find_more": replace(FIND, name="find_more", handler="find_more")}
    handlers = SimpleNamespace(
        find_todos=REVIEW.handlers.find_todos, find_more=REVIEW.handlers.find_todos
    )
    later = replace(REVIEW, name="zoo", tools=tools, handlers=handlers, notices={})
    loaded = load([install("review", REVIEW, "jmcp-a 1"), install("zoo", later, "jmcp-b 1")])
    assert [[*one.tools] for one in loaded.toolsets] == [
        ["profile_dataframe", "find_todos"],
        ["find_more"],
    ]
    [reason] = map(str, loaded.faults)
    assert "tool find_todos of toolset zoo (jmcp-b 1) is left out: jmcp-a 1 has a tool" in reason


def test_a_notice_that_another_package_has(install: Install) -> None:
    other = replace(REVIEW, name="zoo")
    loaded = load([install("review", REVIEW, "jmcp-a 1"), install("zoo", other, "jmcp-b 1")])
    [reason] = map(str, loaded.faults)
    assert "jmcp-a 1 has a notice rows_sampled too" in reason


def test_a_handler_that_is_no_async_function(install: Install) -> None:
    handlers = SimpleNamespace(
        find_todos=lambda *_: None, profile_dataframe=REVIEW.handlers.profile_dataframe
    )
    loaded = load([install("review", replace(REVIEW, handlers=handlers))])
    assert [*loaded.toolsets[0].tools] == ["profile_dataframe"]
    [reason] = map(str, loaded.faults)
    assert (
        "find_todos of toolset review (jmcp-other 1.0) is left out: its handler is no async"
        in reason
    )


def test_an_alias_of_a_tool_that_is_left_out(install: Install) -> None:
    alias = replace(FIND, name="todos")
    tools = {"find_todos": FIND, "todos": alias}
    broken = replace(REVIEW, tools=tools, handlers=SimpleNamespace())
    loaded = load([install("review", broken)])
    assert [fault.tool for fault in loaded.faults] == ["find_todos", "todos", ""]
    assert "it stands for find_todos, which is left out" in str(loaded.faults[1])
