"""Server-sent events, from the parts of a body as they come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: its kind, `message` where it has none, and its data."""

    kind: str
    data: str


class EventStream:
    """The events of one `text/event-stream`."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._data: list[bytes] = []
        self._kind = b""

    def events(self, part: bytes) -> list[Event]:
        """The events that are complete with this part."""
        if b"\n" not in part:  # a long line is joined once, not searched again and again
            self._left += part
            return []
        *ends, left = part.split(b"\n")
        found = []
        for end in ends:
            line = bytes(self._left + end).removesuffix(b"\r")
            self._left.clear()
            if (event := self._line(line)) is not None:
                found.append(event)
        self._left += left
        return found

    def _line(self, line: bytes) -> Event | None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value
        if line:
            return None
        kind, data = self._kind or b"message", b"\n".join(self._data)
        self._kind, self._data = b"", []
        if not data:
            return None
        return Event(kind=kind.decode("utf-8", "replace"), data=data.decode("utf-8", "replace"))
