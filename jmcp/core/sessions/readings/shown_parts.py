"""Sources that are longer than a result shows, as far as a session was shown them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from jmcp.core.sessions.readings.digests import digest

KEPT_CELLS = 64
"""Cells of one notebook of which parts are kept for one session, in memory: the latest."""

Span = tuple[int, int]
"""The characters of a source from the first number up to the second."""


class ShownParts:
    """By cell, which characters of its source were shown, as long as the source is that one."""

    def __init__(self) -> None:
        self._parts: OrderedDict[str, tuple[bytes, list[Span]]] = OrderedDict()

    def add(self, cell_id: str, source: str, spans: Iterable[Span]) -> bool:
        """These characters are shown too. Whether by now all of the source were."""
        known, shown = self._parts.pop(cell_id, (b"", []))
        now = digest(source)
        merged = _merged([*(shown if known == now else []), *spans])
        self._parts[cell_id] = now, merged
        if len(self._parts) > KEPT_CELLS:
            self._parts.popitem(last=False)
        return merged == [(0, len(source))] or not source

    def forget(self, cell_id: str) -> None:
        self._parts.pop(cell_id, None)


def _merged(spans: list[Span]) -> list[Span]:
    """The same characters as the fewest spans, in order."""
    merged: list[Span] = []
    for first, past in sorted(span for span in spans if span[0] < span[1]):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(past, merged[-1][1])
        else:
            merged.append((first, past))
    return merged
