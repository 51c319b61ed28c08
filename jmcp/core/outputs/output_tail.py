"""The end of a run's outputs, while nobody knows yet which of them are the last ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.output_limits import LeftOut, OutputLimits
from jmcp.core.outputs.stream_text import StreamText
from jmcp.core.ports import Output

_SLACK = 4
"""Text is dropped when there is a part in so many too much of it: seldom, for each time copies it."""


@dataclass(eq=False, slots=True, kw_only=True)
class _Entry:
    """One output. `text` is that of a stream; `size` is in bytes, of any other."""

    output: Output
    display_id: str = ""
    text: StreamText | None = None
    size: int = 0

    def whole(self) -> Output:
        return self.output if self.text is None else {**self.output, "text": str(self.text)}


class OutputTail:
    """The last outputs, within the tail of `limits`; what was dropped before them is counted."""

    def __init__(self, limits: OutputLimits) -> None:
        self._limits = limits
        self._entries: deque[_Entry] = deque()
        self._characters = 0
        self._bytes = 0
        self._dropped_characters = 0
        self._dropped_outputs = 0

    @property
    def left_out(self) -> LeftOut:
        """What was dropped so far."""
        return LeftOut(characters=self._dropped_characters, outputs=self._dropped_outputs)

    def outputs(self) -> list[tuple[Output, str]]:
        """The last outputs, each with its display id or ""."""
        self._drop_text(self._limits.text_tail)
        return [(entry.whole(), entry.display_id) for entry in self._entries]

    def append_text(self, name: str, text: str) -> None:
        """Add text of the stream with that name."""
        last = self._entries[-1] if self._entries else None
        if last is None or last.text is None or last.output.get("name") != name:
            last = _Entry(
                output={"output_type": "stream", "name": name, "text": ""}, text=StreamText()
            )
            self._entries.append(last)
        assert last.text is not None
        before = len(last.text)
        last.text.append(text)
        self._characters += len(last.text) - before
        limit = self._limits.text_tail
        if self._characters > limit + limit // _SLACK:
            self._drop_text(limit)
        self._drop_outputs()

    def append(self, output: Output, display_id: str = "") -> None:
        """Add an output that is not text of a stream."""
        entry = _Entry(output=output, display_id=display_id, size=mime_bundle.size(output))
        self._entries.append(entry)
        self._bytes += entry.size
        self._drop_data()
        self._drop_outputs()

    def show(self, display_id: str, shown: Output) -> None:
        """Put other data into every output here that has that display id."""
        for entry in self._entries:
            if display_id and entry.display_id == display_id:
                entry.output = {
                    **entry.output,
                    "data": shown["data"],
                    "metadata": shown["metadata"],
                }
                self._bytes -= entry.size
                entry.size = mime_bundle.size(entry.output)
                self._bytes += entry.size
        self._drop_data()

    def _drop_text(self, limit: int) -> None:
        for entry in tuple(self._entries):
            excess = self._characters - limit
            if excess <= 0:
                return
            if entry.text is not None:
                dropped = min(excess, len(entry.text))
                entry.text.drop(dropped)
                self._characters -= dropped
                self._dropped_characters += dropped
                if not len(entry.text):
                    self._entries.remove(entry)

    def _drop_data(self) -> None:
        for entry in tuple(self._entries):
            if self._bytes <= self._limits.data_tail:
                return
            if entry.text is None:
                self._drop(entry)

    def _drop_outputs(self) -> None:
        while len(self._entries) > self._limits.outputs_tail:
            self._drop(self._entries[0])

    def _drop(self, entry: _Entry) -> None:
        self._entries.remove(entry)
        if entry.text is not None:
            self._characters -= len(entry.text)
            self._dropped_characters += len(entry.text)
        else:
            self._bytes -= entry.size
            self._dropped_outputs += 1
