"""The sentence of each notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jmcp.core.wording import listed


def kernel_restarted() -> str:
    return "The kernel was restarted: all variables were lost."


def cells_changed(*, cells: Sequence[str]) -> str:
    return f"Others changed {listed(cells, ', ', most=5)}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "kernel_restarted": kernel_restarted,
    "cells_changed": cells_changed,
}
"""By code. What a notice carries are the arguments."""
