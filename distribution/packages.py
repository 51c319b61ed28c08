"""The wheel and the sdist: the same bytes from the same sources, wherever and whenever they are built."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

CHECKOUT = Path(__file__).parents[1]
Target = Literal["wheel", "sdist"]
BOTH: Sequence[Target] = ("wheel", "sdist")


def project_of(source: Path = CHECKOUT) -> dict[str, Any]:
    """The table `project` of the pyproject.toml there."""
    table: dict[str, Any] = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    return table


def build_packages(
    folder: Path, source: Path = CHECKOUT, targets: Sequence[Target] = BOTH
) -> list[Path]:
    """Build these of `source` into the folder, and return their files. Raises CalledProcessError."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder.resolve())]
    for target in targets:
        command += ["-t", target]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    version = project_of(source)["version"]
    names = {"wheel": f"jmcp-{version}-py3-none-any.whl", "sdist": f"jmcp-{version}.tar.gz"}
    return [folder / names[target] for target in targets]
