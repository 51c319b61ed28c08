"""Text that was written for a terminal, as plain text."""

from __future__ import annotations

import re

# ECMA-48 control sequences (colours, cursor moves) and OSC strings (hyperlinks, titles).
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def plain(text: str) -> str:
    """The text without colours, links and cursor moves."""
    return _CONTROL.sub("", text)
