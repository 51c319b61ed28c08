"""What a script puts out, as text: its beginning and its end, however much that is."""

from __future__ import annotations

from typing import Any

from jmcp.core.outputs import terminal
from jmcp.core.ports import LEFT_OUT
from jmcp_handlers.support.outputs.output_results import plain

RICH = frozenset(("execute_result", "display_data"))


class ScriptOutput:
    """Keeps `limit` characters of the beginning, and as many of the end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = ""
        self._tail = ""
        self.dropped = 0
        """Characters between the two, which are not kept."""

    @property
    def text(self) -> str:
        return self._head + self._tail

    def on_message(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        """A message of the script's run."""
        if kind == "stream":
            self._add(terminal.plain(content.get("text") or ""))
        elif kind in RICH or kind == "error":
            shown = plain({"output_type": kind, **content}) or ""
            self._add(shown if shown.endswith("\n") or not shown else f"{shown}\n")
        elif kind == LEFT_OUT:
            self.dropped += content.get("characters") or 0

    def _add(self, text: str) -> None:
        room = self._limit - len(self._head)
        if not self._tail and room > 0:
            self._head, text = self._head + text[:room], text[room:]
        if text:
            tail = self._tail + text
            self.dropped += max(0, len(tail) - self._limit)
            self._tail = tail[-self._limit :]
