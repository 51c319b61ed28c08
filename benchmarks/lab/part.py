"""All figures of a person's JupyterLab."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.lab.idle import idle
from benchmarks.lab.page import plain
from benchmarks.lab.seen import seen
from benchmarks.lab.typing import keystrokes
from benchmarks.workbench.browser import browser


def figures(base: Path, share: float) -> list[Figure]:
    """`share` of the edits, lines, keys and rounds."""
    with plain(base / "idle") as server:
        found = idle(server)
    with browser() as chrome:
        with plain(base / "seen") as server:
            found += seen(chrome, server, share)
        return [*found, *keystrokes(base, chrome, share)]
