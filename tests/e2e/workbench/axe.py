"""What axe-core, of tests/node, finds wrong with a page for people who do not see or do not point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Page

from tests.node_tools import MISSING, MODULES

SOURCE = MODULES / "axe-core/axe.min.js"
GRAVE = {"serious", "critical"}


class Axe:
    """Loaded into a page once, past its Content-Security-Policy. Pages in frames are others' own."""

    def __init__(self, page: Page) -> None:
        if not SOURCE.is_file():
            pytest.skip(MISSING)
        self._page = page

    async def grave(self, *, within: Sequence[str] = ()) -> list[str]:
        """Each finding that is serious or critical, with the elements that it is about. `within` are
        selectors of what is looked at, where the rest of the page is others' own."""
        if not await self._page.evaluate("'axe' in window"):
            await self._page.evaluate(SOURCE.read_text("utf-8"))
        found: dict[str, Any] = await self._page.evaluate(
            "(within) => axe.run({exclude: [['iframe']], ...(within.length && {include: within})},"
            " {iframes: false, resultTypes: ['violations']})",
            [[one] for one in within],
        )
        assert found["passes"], "axe looked at nothing"
        return [
            f"{one['impact']}: {one['help']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]
