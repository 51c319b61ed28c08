"""Messages of a kernel that are large: cut where they are too large, and taken in parts.

A message may have any size (`print` of a long text is one), and between two turns of the event loop
nobody else is answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from jmcp.core.ports import LEFT_OUT
from jmcp_api import limits

if TYPE_CHECKING:
    from jmcp_jupyter.kernels.common.messages import Message

LARGE_BYTES = 2**20
"""Above it a content is read with pydantic's parser, which takes half the time."""

READ_BYTES = 2**24
"""Of a text that is too large; what is kept of a run's text is less."""

PART_CHARACTERS = 2**14
"""Of a stream's text: what a terminal makes of them takes up to 20 milliseconds."""

DISPLAYS = frozenset({"display_data", "execute_result", "update_display_data"})
BEGINNINGS = frozenset({"stream", "error", "execute_reply"})
"""The kinds of messages of which the beginning says enough."""

CUT = "jmcp_characters_left_out"
"""How many characters the text of a stream lacks at its end; the key of its content."""


def read_content(kind: str, data: bytes) -> tuple[str, Any]:
    """The message type and the content of a message with this content, as JSON.

    Of text that is too large it is the beginning, and for other outputs that there was one
    (`LEFT_OUT`): more than that is not kept of a run anyway. Raises ValueError for what is no JSON.
    """
    if len(data) > limits.MESSAGE_BYTES:
        if kind in DISPLAYS:
            return LEFT_OUT, {"outputs": 1}
        if kind in BEGINNINGS and (found := _beginning(kind, data)) is not None:
            return kind, found
    if len(data) > LARGE_BYTES:
        try:
            return kind, from_json(data)
        except ValueError:
            pass  # it takes no lone surrogates, which Python writes
    return kind, json.loads(data.decode("utf-8", "replace"))


def parts_of(message: Message) -> Iterator[Message]:
    """The same message, where it is long text in parts that say the same one after the other.

    Only the first has an id: a kernel numbers what it sends.
    """
    text = message.content.get("text") if message.kind == "stream" else None
    missing = message.content.pop(CUT, 0)
    if not isinstance(text, str) or (len(text) <= PART_CHARACTERS and not missing):
        yield message
        return
    unnumbered = {**message.header, "msg_id": ""}
    for start in range(0, max(1, len(text)), PART_CHARACTERS):
        yield replace(
            message,
            header=unnumbered if start else message.header,
            content={**message.content, "text": text[start : start + PART_CHARACTERS]},
        )
    if missing:
        yield replace(
            message,
            header={**unnumbered, "msg_type": LEFT_OUT},
            content={"characters": missing},
        )


def _beginning(kind: str, data: bytes) -> dict[str, Any] | None:
    """What the first bytes of a content say; None where that is not enough."""
    try:
        found = from_json(data[:READ_BYTES], allow_partial="trailing-strings")
    except ValueError:
        return None
    if not isinstance(found, dict) or (kind == "execute_reply" and "status" not in found):
        return None
    if kind == "stream":
        found[CUT] = len(data) - min(len(data), READ_BYTES)
    return found
