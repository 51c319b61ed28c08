"""JSON for readers of lines."""

from __future__ import annotations

import json

from jmcp.transport.json_text import encoded, one_line_encoded
from jmcp.transport.rest.sse import event

TEXT = "".join(chr(code) for code in range(0x3000))
"""All characters that anything could take for the end of a line are among these."""


def test_an_event_is_one_line_of_data_for_everybody() -> None:
    lines = event("output", {"text": TEXT}).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["event", "data", ""]
    assert json.loads(lines[1].removeprefix("data: ")) == {"text": TEXT}


def test_what_was_encoded_already_stays_the_same_data() -> None:
    body = one_line_encoded(encoded({"text": TEXT}))
    assert len(body.decode().splitlines()) == 1
    assert json.loads(body) == {"text": TEXT}
