"""What a merge took from the other version, and what it could not join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MERGED = "Out-of-band changes. Merged into the room."
"""What the event of a room says after a merge; jmcp on another machine knows by it that nothing was
lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """A cell: its index in the merged notebook (None: it is not there) and its id, if it has one."""

    index: int | None
    cell_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Both sides changed the same lines: the document's text stayed in `cell`, and the other's is
    in `copy` below it (the same text in one that was there, if the merge was made before)."""

    cell: CellPlace
    copy: CellPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """Cells by what became of them. "The other" is the file, or what a tab had."""

    changed: tuple[CellPlace, ...] = ()
    """Of the document, which have something of the other now."""
    inserted: tuple[CellPlace, ...] = ()
    """Which the other alone had."""
    deleted: tuple[CellPlace, ...] = ()
    """Which the other no longer has, and nobody had edited here."""
    kept: tuple[CellPlace, ...] = ()
    """Which the other no longer has, and somebody had edited or run here."""
    returned: tuple[CellPlace, ...] = ()
    """Which were deleted here, and edited or run there."""
    collided: tuple[Collision, ...] = ()
    moved: bool = False
    """Whether cells of the document have another order now."""
    metadata: bool = False
    """Whether the notebook's metadata or format changed."""
    gone: tuple[Mapping[str, Any], ...] = ()
    """Whole cells of the base that the other lacks: `deleted` and `kept` ones, and those that were
    deleted on both sides."""

    @property
    def took(self) -> bool:
        """Whether the merge changes anything in the document."""
        return bool(
            self.changed
            or self.inserted
            or self.deleted
            or self.returned
            or self.collided
            or self.moved
            or self.metadata
        )
