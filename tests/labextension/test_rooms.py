"""What a tab does with cells that it or its room removes, against a room in memory, without a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.node_tools import NodeTools

LABEXTENSION = Path(__file__).parents[2] / "labextension"
TESTS = sorted((LABEXTENSION / "tests").glob("*.test.ts"))
SECONDS = 120


@pytest.fixture(scope="module")
def bundled(node_tools: NodeTools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests with all that they import, for Node."""
    if not (LABEXTENSION / "node_modules/.installed").is_file():
        pytest.skip("no packages of npm for the labextension: `make labextension`")
    folder = tmp_path_factory.mktemp("rooms")
    subprocess.run(
        [
            *node_tools.command("rolldown"),
            *map(str, TESTS),
            *("--platform", "node", "--format", "esm", "--dir", str(folder)),
        ],
        cwd=LABEXTENSION,
        env=node_tools.environment(),
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    return folder


@pytest.mark.parametrize("name", [test.name.removesuffix(".ts") for test in TESTS])
def test_rooms(name: str, bundled: Path, node_tools: NodeTools) -> None:
    done = subprocess.run(
        [
            str(node_tools.node),
            "--disable-warning=ExperimentalWarning",
            str(bundled / f"{name}.js"),
        ],
        env=node_tools.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout


def test_types_of_the_tests(node_tools: NodeTools) -> None:
    done = subprocess.run(
        [
            *node_tools.command("tsc"),
            *("--project", str(LABEXTENSION / "tests/tsconfig.json")),
        ],
        env=node_tools.environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout
