"""How large the files of notebooks were when Jupyter last described them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from jmcp_jupyter.documents.common.bounded_cells import GrowthBound

KEPT_SIZES = 1000


class KnownSizes:
    """Sizes in bytes by path, of the notebooks that were looked at last. `limit` is for each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def note(self, path: str, model: Mapping[str, Any]) -> None:
        """Jupyter's model of that file was seen."""
        size = model.get("size")
        if not isinstance(size, int):
            return
        self._sizes[path] = size
        self._sizes.move_to_end(path)
        if len(self._sizes) > KEPT_SIZES:
            self._sizes.popitem(last=False)

    def bound(self, path: str) -> GrowthBound | None:
        size = self._sizes.get(path)
        return None if size is None else GrowthBound(size=size, limit=self._limit)
