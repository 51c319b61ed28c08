"""What `make test-all` runs and `make test` leaves out: one switch, JMCP_THOROUGH=1.

A test marked `thorough` repeats on another surface, server or protocol era what a test of the fast
suite proves on one, or needs minutes. `amount` is for those that repeat something many times.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest

THOROUGH = os.environ.get("JMCP_THOROUGH") == "1"

thorough = pytest.mark.thorough


def amount(*, fast: int, all: int) -> int:  # noqa: A002 # as in `make test-all`
    """How often, how many: `fast` in `make test`, `all` in `make test-all`."""
    return all if THOROUGH else fast


def fast_only(values: Sequence[Any], *fast: Any) -> list[Any]:
    """Parameters of a test or a fixture: all of them, those that are not `fast` marked thorough."""
    return [value if value in fast else pytest.param(value, marks=thorough) for value in values]


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is marked, unless everything was asked for."""
    if THOROUGH:
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
