"""What the page reads of the Hub's own metrics."""

from __future__ import annotations

import re

LINE = re.compile(r"^(?P<name>[A-Za-z_:]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
STARTS = "jupyterhub_server_spawn_duration_seconds_count"
"""A counter by status, from the start of the Hub on."""


def failed_starts(text: str) -> int | None:
    """Starts that failed since the Hub began; None where it counts none."""
    found = [line for line in map(LINE.match, text.splitlines()) if line and line["name"] == STARTS]
    failed = [line for line in found if 'status="success"' not in (line["labels"] or "")]
    return round(sum(float(line["value"]) for line in failed)) if found else None
