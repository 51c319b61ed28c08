"""A small spec with one of everything, and the exact tree that it means.

To accept a change: `python -m jmcp_codegen --spec tests/codegen/golden/spec
--out tests/codegen/golden/tree --package golden_api`, which is what `make golden` runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api as mypy

from jmcp_codegen.cli import drift, main, write
from jmcp_codegen.render import render
from jmcp_codegen.source.load import load
from tests.codegen.broken import SPEC, broken
from tests.thorough import fast_only

ROOT = Path(__file__).parents[2]
TREE = SPEC.parent / "tree"
PACKAGE = "golden_api"


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    return render(load(SPEC), PACKAGE)


def test_the_golden_spec_makes_the_golden_tree(tree: dict[str, str]) -> None:
    assert drift(tree, TREE) == []


def test_golden_python_is_strictly_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(TREE))
    config = ["--config-file", str(ROOT / "pyproject.toml"), "--follow-imports=silent"]
    # File by file: the configuration excludes the folder from all that is found there.
    files = sorted((TREE / PACKAGE).glob("*.py"))
    output, errors, _ = mypy.run([*config, *map(str, files)])
    assert errors == ""
    assert output == f"Success: no issues found in {len(files)} source files\n"


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_golden_python_pleases_ruff(arguments: list[str]) -> None:
    config = ROOT / "pyproject.toml"
    local = 'lint.isort.known-first-party=["jmcp", "golden_api"]'
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--config", str(config)]
    command += ["--config", local, "--config", "extend-exclude=[]", str(TREE / PACKAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("spec", fast_only([SPEC, ROOT / "spec"], SPEC), ids=["golden", "jmcp"])
def test_the_same_bytes_whatever_the_hash_seed(spec: Path) -> None:
    script = (
        "import hashlib, json, sys; from pathlib import Path\n"
        "from jmcp_codegen.render import render; from jmcp_codegen.source.load import load\n"
        "tree = json.dumps(list(render(load(Path(sys.argv[1]))).items()))\n"
        "print(hashlib.sha256(tree.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script, str(spec)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    }
    assert len(digests) == 1


def test_every_kind_of_drift_is_named(tree: dict[str, str], tmp_path: Path) -> None:
    write(tree, tmp_path)
    assert drift(tree, tmp_path) == []
    (tmp_path / PACKAGE / "__pycache__").mkdir()
    (tmp_path / PACKAGE / "__pycache__" / "models.pyc").write_bytes(b"")
    (tmp_path / PACKAGE / "old.py").write_text("")
    (tmp_path / PACKAGE / "http.py").unlink()
    (tmp_path / "TOOLS.md").write_text("by hand")
    named = [line.removeprefix(f"{tmp_path}/") for line in drift(tree, tmp_path)]
    assert named == [
        "TOOLS.md: differs from the spec",
        f"{PACKAGE}/http.py: missing",
        f"{PACKAGE}/old.py: nothing in the spec makes this file",
    ]
    write(tree, tmp_path)
    assert drift(tree, tmp_path) == []


def test_the_command_writes_checks_and_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--out", str(tmp_path / "out"), "--package", PACKAGE]
    fine = ["--spec", str(SPEC), *options]
    assert main([*fine, "--check"]) == 1
    assert "missing" in capsys.readouterr().err
    assert main(fine) == 0
    assert main([*fine, "--check"]) == 0
    assert capsys.readouterr().err == ""
    bad = broken(tmp_path / "spec", {"text/cell.jinja": None})
    assert main(["--spec", str(bad), *options]) == 1
    assert capsys.readouterr().err.startswith("spec/tools.yaml:")


def test_a_folder_of_other_things_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["--spec", str(SPEC), "--out", str(tmp_path), "--package", PACKAGE]) == 1
    assert "choose another --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
