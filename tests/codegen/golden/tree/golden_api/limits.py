"""Sizes that multiply: each is bounded where it is made."""

from __future__ import annotations

CELL_CHARACTERS = 1_000
"""Of the source of one cell."""
