"""What is different in two sources."""

from __future__ import annotations

import difflib

DIFF_CHARACTERS = 200_000
"""Sources longer than this together get no diff: difflib would hold up the server for seconds."""


def diff(before: str, after: str, names: tuple[str, str] = ("before", "after")) -> str | None:
    """A unified diff; None where nothing differs, or the sources are too long for one."""
    if before == after or len(before) + len(after) > DIFF_CHARACTERS:
        return None
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=2)
    return "\n".join(lines)
