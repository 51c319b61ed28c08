"""Templates made into text, and Python into formatted Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined

from jmcp_codegen.source.model import ApiModel

LINE_LENGTH = 100
TARGET = "py311"

Row = tuple[str, str]
"""The name of an argument or a key, and Python source for its value."""


class Printer:
    """The templates of this package. They loop and print; what to print is decided before."""

    def __init__(self) -> None:
        # Python and Markdown, never HTML.
        self._environment = Environment(
            loader=FunctionLoader(_source),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["py"] = repr

    def text(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(**values)


Emit = Callable[[ApiModel, Printer], str]
"""Makes one file; an empty text is no file."""


def lines(text: str) -> list[str]:
    """The lines of a text with their ends, for a template that prints one literal for each."""
    return text.splitlines(keepends=True) or [""]


def _source(name: str) -> str:
    return resources.files("jmcp_codegen").joinpath("templates", name).read_text(encoding="utf-8")


def formatted(files: Mapping[str, str], package: str) -> dict[str, str]:
    """Python files with imports sorted and layout settled, the same wherever this runs.

    One ruff for all files; `--isolated` keeps the configuration of the place out of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            (root / name).write_text(text, encoding="utf-8")
        style = ["--isolated", "--no-cache", "--quiet", "--target-version", TARGET]
        style += ["--line-length", str(LINE_LENGTH)]
        first_party = f'lint.isort.known-first-party=["jmcp", "{package}"]'
        _ruff(root, "check", "--fix", "--select", "F401,I,UP", "--config", first_party, *style)
        _ruff(root, "format", *style)
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def _ruff(root: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ruff", *arguments, "."], cwd=root, check=True)
