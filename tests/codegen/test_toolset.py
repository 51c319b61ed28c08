"""Toolsets of other packages: the example's is what its spec says, and what is refused of one.

To accept a change of codegen: `make golden`.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import get_args

import pytest

from jmcp import toolsets
from jmcp_api import models as jmcp_models
from jmcp_codegen.cli import drift, main
from jmcp_codegen.source.problems import SpecError
from jmcp_codegen.toolset import files
from jmcp_codegen.toolset.load import load_toolset
from jmcp_codegen.toolset.render import render_toolset
from jmcp_example_review.api import models

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"
SPEC = EXAMPLE / "toolset.yaml"
PAGE = EXAMPLE.parents[1] / "docs" / "custom-tools.md"
[PAGE_SPEC] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
API = EXAMPLE / "jmcp_example_review" / "api"


def refusals(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """What is said of the example's spec with these texts replaced, each of which is there once."""
    text = SPEC.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "toolset.yaml"
    path.write_text(text)
    try:
        render_toolset(load_toolset(path))
    except SpecError as error:
        return [str(problem) for problem in error.problems]
    return []


def line_of(text: str) -> int:
    """The line of the example's spec that has that text."""
    [number] = [at for at, line in enumerate(SPEC.read_text().splitlines(), 1) if text in line]
    return number


def test_the_example_is_what_its_spec_says() -> None:
    found = drift(render_toolset(load_toolset(SPEC)), API)
    # That one has the errors of every session tool too, which come and go with jmcp.
    assert [line for line in found if "openapi.json" not in line] == []


def test_a_toolset_of_one_tool_needs_no_enums_notices_or_phrases(tmp_path: Path) -> None:
    (tmp_path / "toolset.yaml").write_text(PAGE_SPEC)
    tree = render_toolset(load_toolset(tmp_path / "toolset.yaml"))
    for name, text in tree.items():
        if name.endswith(".py"):
            ast.parse(text, name)
    assert not {"arrays.py", "enums.py", "phrases.py"} & tree.keys()
    assert "from jmcp_api.enums import SaveState" in tree["models.py"]


def test_types_of_jmcp_are_imported_and_not_copied() -> None:
    more = models.FrameProfile.model_fields["more"].annotation
    assert jmcp_models.More in get_args(more)
    defined = {
        node.name
        for node in ast.parse((API / "models.py").read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    assert "More" not in defined
    assert "KernelBusy" not in (API / "errors.py").read_text()


def test_the_package_names_itself_nowhere_so_it_can_lie_anywhere() -> None:
    for path in API.glob("*.py"):
        assert "jmcp_example_review" not in path.read_text(), path
        assert "toolset_package" not in path.read_text(), path


def test_codegen_writes_the_format_that_jmcp_reads() -> None:
    assert files.FORMAT == toolsets.FORMAT


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("  find_todos:\n", "  read_cell:\n", "  find_todos:", "jmcp has a tool read_cell; call this one something else"),
        ("name: review", "name: extra", "name: review", "jmcp has a toolset extra; call this one something else"),
        ("name: review", "name: Review", "name: review", "toolset Review is not lower case words joined by single underscores"),
        ("    title: Profile a DataFrame\n", "", "  profile_dataframe:", "profile_dataframe lacks title"),
        ("    title: Profile a DataFrame", "    group: cells", "title: Profile", "unknown key group"),
        ("result: TodoList", "result: TodoLists", "result: TodoList", "type TodoLists is not defined"),
        ("{{ todo.mark }}", "{{ todo.marks }}", "{{ todo.mark }}", "todo has no marks"),
        ("enum: CellType, default: code", "enum: CellKind, default: code", "enum: CellType", "enum CellKind is not defined"),
    ],
)  # fmt: skip
def test_a_broken_spec_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, at: str, reason: str
) -> None:
    assert f"toolset.yaml:{line_of(at)}: {reason}" in refusals(tmp_path, (old, new))


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("type", "  Todo:\n    type", "  Cell:\n    type"),
        ("enum", "  TodoMark: {doc", "  CellType: {doc"),
        ("error", "  frame_not_found:\n    http", "  cell_not_found:\n    http"),
        ("notice", "  rows_sampled:", "  cells_changed:"),
        ("fixture", "  with_frame:", "  three_cells:"),
    ],
)
def test_what_jmcp_has_is_not_defined_again(tmp_path: Path, kind: str, old: str, new: str) -> None:
    name = new.strip().partition(":")[0]
    assert any(f"jmcp has a {kind} {name}" in line for line in refusals(tmp_path, (old, new)))


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "toolset.yaml"
    path.write_text("- a\n- list\n")
    with pytest.raises(SpecError, match="the file is not a mapping with toolset and tools"):
        load_toolset(path)


def test_the_command_makes_a_package_and_leaves_others_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "api"
    options = ["--spec", str(SPEC), "--out", str(out)]
    assert main([*options, "--check"]) == 1
    assert "missing" in capsys.readouterr().err
    assert main(options) == 0
    assert main([*options, "--check"]) == 0
    # One that another version of codegen made is taken for one.
    marker = out / "__init__.py"
    marker.write_text(marker.read_text().replace("require_format(1)", "require_format(0)"))
    (out / "old.py").write_text("")
    assert main(options) == 0
    assert not (out / "old.py").exists()
    shutil.copytree(EXAMPLE / "jmcp_example_review", tmp_path / "hand_written")
    capsys.readouterr()
    assert main(["--spec", str(SPEC), "--out", str(tmp_path / "hand_written")]) == 1
    assert "choose another --out" in capsys.readouterr().err
    assert main(["--spec", str(tmp_path / "nope.yaml"), "--out", str(out)]) == 1
    assert "nope.yaml:1: cannot be read: No such file or directory" in capsys.readouterr().err
