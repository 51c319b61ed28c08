"""The labextension that users get is what its sources say, is not large, and is the one that is installed."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_tools import NodeTools

LABEXTENSION = Path(__file__).parents[2] / "labextension"
BUILT = LABEXTENSION / "built"
INSTALLED = Path(sys.prefix) / "share/jupyter/labextensions/jmcp-labextension"
BUILD_SECONDS = 240
MOST_BYTES = 150_000
"""Of all that a page may load of it, compressed: it comes with each JupyterLab, agents or not."""
AGAIN = "run `make labextension`"


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture
def sources() -> Iterator[Path]:
    """The labextension without what was built of it. Packages are linked file by file, for names of
    modules come from the place that a folder really has; so it is on the same disk."""
    packages = LABEXTENSION / "node_modules"
    if not (packages / ".installed").is_file():
        pytest.skip("no packages of npm for the labextension: `make labextension`")
    build = LABEXTENSION.parent / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as folder:
        copied = Path(folder) / "labextension"
        left = shutil.ignore_patterns("node_modules", "built", "lib", "*.tsbuildinfo")
        shutil.copytree(LABEXTENSION, copied, ignore=left)
        shutil.copytree(packages, copied / "node_modules", symlinks=True, copy_function=os.link)
        yield copied


def test_the_built_extension_is_that_of_its_sources(sources: Path, node_tools: NodeTools) -> None:
    for command in (["node_modules/typescript/bin/tsc"], ["build.mjs"]):
        subprocess.run(
            [str(node_tools.node), *command],
            cwd=sources,
            env=node_tools.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=BUILD_SECONDS,
        )
    built, committed = contents(sources / "built"), contents(BUILT)
    assert built.keys() == committed.keys(), f"{AGAIN} and commit what it builds"
    different = [name for name, content in built.items() if committed[name] != content]
    assert not different, f"{AGAIN} and commit what it builds"


def test_the_installed_extension_is_the_one_of_this_checkout() -> None:
    expected = contents(BUILT) | {
        "install.json": (LABEXTENSION / "install.json").read_bytes(),
    }
    found = contents(INSTALLED)
    found.setdefault("install.json", expected["install.json"])  # where the folder itself is linked
    assert found == expected, f"JupyterLab gets another one than labextension/built: {AGAIN}"


def test_the_extension_is_not_large() -> None:
    code = [file for file in BUILT.rglob("*") if file.suffix in (".js", ".css", ".svg")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in code) <= MOST_BYTES


def test_the_extension_names_the_file_that_a_page_loads_first() -> None:
    package = json.loads((BUILT / "package.json").read_bytes())
    assert (BUILT / package["jupyterlab"]["_build"]["load"]).is_file()
