"""The kernel process that a run goes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A kernel that is ready to run: its id, and the generation of its process that is meant."""

    kernel_id: str
    generation: int | None
