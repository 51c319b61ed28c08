"""The end of a run's outputs, while nobody knows yet which of them are the last ones."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.output_limits import LeftOut, OutputLimits
from jmcp.core.outputs.stream_text import StreamText
from jmcp.core.ports import Output

LOOK_CHARACTERS = 2**16
"""Characters at the end of each text that are rendered for readers before the run is over."""


class _Text:
    """The end of a stream's text as it came. What a terminal makes of it is found out at the end."""

    def __init__(self) -> None:
        self._pieces: deque[str] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)

    def drop(self, characters: int) -> None:
        """Drop so many from the beginning."""
        self._length -= characters
        while characters:
            piece = self._pieces.popleft()
            if len(piece) > characters:
                self._pieces.appendleft(piece[characters:])
            characters -= min(characters, len(piece))

    def shown(self, limit: int | None) -> str:
        """As a terminal would have left it; with a limit, that of so many characters at its end."""
        pieces: list[str] = []
        for piece in reversed(self._pieces):
            pieces.append(piece if limit is None else piece[-limit:])
            if limit is not None:
                limit -= len(pieces[-1])
                if limit <= 0:
                    break
        text = StreamText()
        text.append("".join(reversed(pieces)))
        return str(text)


@dataclass(eq=False, slots=True, kw_only=True)
class _Entry:
    """One output. `text` is that of a stream; `size` is in bytes, of any other."""

    output: Output
    display_id: str = ""
    text: _Text | None = None
    size: int = 0

    def whole(self, limit: int | None) -> Output:
        return self.output if self.text is None else {**self.output, "text": self.text.shown(limit)}


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

    def outputs(self, *, over: bool) -> list[tuple[Output, str]]:
        """The last outputs, each with its display id or "". Until the run is `over`, of each text
        what LOOK_CHARACTERS at its end come to."""
        limit = None if over else LOOK_CHARACTERS
        return [(entry.whole(limit), entry.display_id) for entry in self._entries]

    def append_text(self, name: str, text: str) -> None:
        """Add text of the stream with that name."""
        last = self._entries[-1] if self._entries else None
        if last is None or last.text is None or last.output.get("name") != name:
            last = _Entry(output={"output_type": "stream", "name": name, "text": ""}, text=_Text())
            self._entries.append(last)
        assert last.text is not None
        last.text.append(text)
        self._characters += len(text)
        self._drop_text()
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

    def _drop_text(self) -> None:
        while (excess := self._characters - self._limits.text_tail) > 0:
            entry = next(one for one in self._entries if one.text is not None)
            assert entry.text is not None
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
