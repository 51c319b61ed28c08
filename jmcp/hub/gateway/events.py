"""The events of an answer of MCP, passed on whole: half of one would be read as a message."""

from __future__ import annotations

import json
from typing import Any

from jmcp.transport.json_text import encoded

ENDS = (b"\n\n", b"\r\n\r\n")
DATA = b"data: "
NOTIFICATION = b'"notifications/progress"'
HEAD = 200
"""So many bytes of a message say whether it is an answer: its method or its id come first."""


class EventStream:
    """What came, up to the last event that is whole. With `steps` its progress counts so much more."""

    def __init__(self, steps: int = 0) -> None:
        self._steps = steps
        self._kept = bytearray()  # and no list of chunks, each of which may be one byte
        self._edge = b""
        self.answered = False
        """Whether an answer was among the events, and not only notifications."""

    @property
    def kept(self) -> int:
        """Bytes of an event that is not whole yet."""
        return len(self._kept)

    def passed(self, chunk: bytes) -> bytes:
        """The events that this chunk completes."""
        # An end may lie across two chunks. What came before is not looked through again.
        edge = self._edge + chunk
        end = max(edge.rfind(mark) + len(mark) if mark in edge else 0 for mark in ENDS)
        self._kept += chunk
        if not end:
            self._edge = edge[-3:]
            return b""
        rest = edge[end:]
        whole = bytes(self._kept[: len(self._kept) - len(rest)])
        self._kept, self._edge = bytearray(rest), rest[-3:]
        return self._seen(whole)

    def _seen(self, events: bytes) -> bytes:
        if self._steps and NOTIFICATION in events:
            events = b"\n".join(later(line, self._steps) for line in events.split(b"\n"))
        self.answered = self.answered or any(map(is_answer, events.split(b"\n")))
        return events


def is_answer(line: bytes) -> bool:
    """Whether a line is the data of an answer: a message without a method."""
    return line.startswith(DATA) and b'"method":' not in line[:HEAD] and b'"id":' in line[:HEAD]


def later(line: bytes, steps: int) -> bytes:
    """A line of an event stream, with `steps` added where it reports progress."""
    if not line.startswith(DATA) or NOTIFICATION not in line:
        return line
    try:
        message = json.loads(line[len(DATA) :])
        if message["method"] != "notifications/progress":
            return line
        params: dict[str, Any] = message["params"]
        params["progress"] += steps
        if params.get("total") is not None:
            params["total"] += steps
    except (ValueError, KeyError, TypeError):
        return line
    end = b"\r" if line.endswith(b"\r") else b""
    return DATA + encoded(message) + end
