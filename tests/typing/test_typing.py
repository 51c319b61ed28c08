"""What mypy says of right and wrong handlers. `# E: text` marks a line that must be an error."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from mypy import api as mypy

FOLDER = Path(__file__).parent / "cases"
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "codegen" / "golden" / "tree"
CASES = sorted(FOLDER.glob("*.py"))

Errors = dict[tuple[str, int], str]


@pytest.fixture(scope="module")
def reported() -> Errors:
    """All errors by file and line, from one run of mypy over all cases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", os.pathsep.join([str(GOLDEN), str(FOLDER)]))
        patch.chdir(ROOT)
        options = ["--config-file", "pyproject.toml", "--follow-imports=silent"]
        options += ["--hide-error-context", "--no-pretty", "--no-error-summary"]
        output, errors, _ = mypy.run([*options, *map(str, CASES)])
    assert errors == ""
    found: Errors = {}
    for line in output.splitlines():
        match = re.fullmatch(r"(.+?):(\d+): error: (.*)", line)
        if match:
            name, number, message = match.groups()
            found[Path(name).name, int(number)] = message
    return found


def expected(path: Path) -> dict[int, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        number: line.split("# E: ")[1] for number, line in enumerate(lines, 1) if "# E: " in line
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_mypy_tells_right_from_wrong(path: Path, reported: Errors) -> None:
    found = {line: message for (name, line), message in reported.items() if name == path.name}
    wanted = expected(path)
    assert found.keys() == wanted.keys(), found
    for line, text in wanted.items():
        assert text in found[line]


def test_a_case_says_whether_it_must_pass() -> None:
    for path in CASES:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith('"""Must fail' if expected(path) else '"""Must pass'), path.name
