"""A valid spec, broken on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from jmcp_codegen.check import check
from jmcp_codegen.source.load import load
from jmcp_codegen.source.problems import Problem, SpecError

SPEC = Path(__file__).parent / "golden" / "spec"

Patch = Mapping[str, Mapping[str, str] | str | None]
"""By file: texts to replace (each is there exactly once), a whole new text, or None for no file."""


def broken(folder: Path, patch: Patch) -> Path:
    """A copy of the golden spec in `folder`, patched."""
    shutil.copytree(SPEC, folder)
    for name, change in patch.items():
        path = folder / name
        if change is None:
            path.unlink()
        elif isinstance(change, str):
            path.write_text(change, encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
            for old, new in change.items():
                if text.count(old) != 1:
                    raise ValueError(f"{name} has {text.count(old)} times: {old}")
                text = text.replace(old, new)
            path.write_text(text, encoding="utf-8")
    return folder


def refusals_of(folder: Path) -> tuple[Problem, ...]:
    try:
        check(load(folder))
    except SpecError as error:
        return error.problems
    return ()
