"""Cells of a notebook whose file may have so many bytes and no more."""

from __future__ import annotations

from dataclasses import dataclass

from jmcp.core.editing.published_cells import PublishedCells
from jmcp_api.backend_errors import NotebookTooLarge


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthBound:
    """How large the file was when it was last looked at, and what it may have, both in bytes."""

    size: int
    limit: int


class BoundedCells(PublishedCells):
    """The part of `ports.Cells` about growth. `bound` is None where nobody knows the file's size;
    `grown` is by how much the cells have grown since it was looked at."""

    bound: GrowthBound | None = None
    grown: int = 0

    @property
    def growth_left(self) -> int | None:
        bound = self.bound
        return None if bound is None else max(0, bound.limit - bound.size - self.grown)

    def check_growth(self, growth: int) -> None:
        left = self.growth_left
        if self.bound is not None and left is not None and growth > left:
            raise NotebookTooLarge.full(
                path=self.ref.path,
                size_bytes=self.bound.size + self.grown,
                limit_bytes=self.bound.limit,
                growth_bytes=growth,
            )
