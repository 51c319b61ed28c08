"""Fewer steps that fail as well."""

from __future__ import annotations

from collections.abc import Sequence

from tests.e2e.lab_extension.interleaving.steps import Step
from tests.e2e.lab_extension.interleaving.walk import Walk, World

TRIES = 2
"""What depends on who was first fails not each time."""


async def shrunk(world: World, steps: Sequence[Step]) -> list[Step]:
    """Drop steps, halves first and single ones last, as long as the rest still fails."""
    kept = list(steps)
    size = len(kept) // 2
    while size:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if fewer and await _fails(world, fewer):
                kept = fewer
            else:
                start += size
        size //= 2
    return kept


async def _fails(world: World, steps: Sequence[Step]) -> bool:
    for _ in range(TRIES):
        if await Walk(world)(steps):
            return True
    return False
