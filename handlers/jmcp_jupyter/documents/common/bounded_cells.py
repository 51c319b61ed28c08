"""Cells of a notebook whose file may have so many bytes and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jmcp.core.editing.published_cells import PublishedCells
from jmcp_api.backend_errors import NotebookTooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthBound:
    """How large the file was when it was last looked at, and what it may have, both in bytes."""

    size: int
    limit: int


class BoundedCells(PublishedCells):
    """The part of `ports.Cells` about growth. `look` looks at the file when that is asked, and finds
    None where nobody knows its size; `grown` is by how much the cells have grown since."""

    look: Callable[[], GrowthBound | None] | None = None
    grown: int = 0

    @property
    def growth_left(self) -> int | None:
        bound = self._bound()
        return None if bound is None else max(0, bound.limit - bound.size - self.grown)

    def check_growth(self, growth: int) -> None:
        bound = self._bound()
        if bound is not None and growth > bound.limit - bound.size - self.grown:
            raise NotebookTooLarge.full(
                path=self.ref.path,
                size_bytes=bound.size + self.grown,
                limit_bytes=bound.limit,
                growth_bytes=growth,
            )

    def _bound(self) -> GrowthBound | None:
        return None if self.look is None else self.look()
