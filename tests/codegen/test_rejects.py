"""Every refusal, with the file, the line and the reason that it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from jmcp_codegen.source.load import load
from jmcp_codegen.source.problems import REFUSALS, Problem, SpecError
from tests.codegen.broken import SPEC, broken, refusals_of

FOLDER = Path(__file__).parent / "rejects"
CASES = {
    path.stem: yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for path in sorted(FOLDER.glob("*.yaml"))
}


@pytest.mark.parametrize(
    ("code", "case"),
    [
        pytest.param(code, case, id=f"{code}: {case['name']}")
        for code, cases in CASES.items()
        for case in cases
    ],
)
def test_a_broken_spec_is_refused_with_its_place(
    code: str, case: dict[str, Any], tmp_path: Path
) -> None:
    problems = refusals_of(broken(tmp_path / "spec", case["patch"]))
    assert [str(problem) for problem in problems] == case["expect"]
    assert code in {problem.code for problem in problems}


def test_every_refusal_has_a_broken_spec() -> None:
    # What only a toolset can be refused for, its own tests have.
    assert CASES.keys() | {"taken"} == REFUSALS.keys()


def test_the_unbroken_spec_is_accepted() -> None:
    assert refusals_of(SPEC) == ()


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    patch = {"tools.yaml": {"toolset: compat": "toolset: old", "default: 0.5": "default: 2"}}
    codes = [problem.code for problem in refusals_of(broken(tmp_path / "spec", patch))]
    assert codes == ["unused", "bad_default", "undefined"]


def test_words_that_older_yaml_reads_as_something_else_stay_words(tmp_path: Path) -> None:
    patch = {"tools.yaml": {"title: Read": "title: no", "title: Edit": "title: 2026-01-01"}}
    tools = load(broken(tmp_path / "spec", patch)).tools.data["tools"]
    assert tools["read_cell"]["title"] == "no"
    assert tools["edit_cell"]["title"] == "2026-01-01"


def test_a_problem_has_one_of_the_known_codes() -> None:
    with pytest.raises(KeyError):
        Problem(code="something", file="spec/tools.yaml", line=1, reason="")


def test_the_error_lists_its_problems_in_file_order() -> None:
    later = Problem(code="unused", file="spec/tools.yaml", line=9, reason="b")
    earlier = Problem(code="unused", file="spec/tools.yaml", line=2, reason="a")
    error = SpecError([later, earlier, later])
    assert str(error) == "spec/tools.yaml:2: a\nspec/tools.yaml:9: b"
