"""How runs end when their kernel does, and how long that may take to show."""

from __future__ import annotations

from typing import Literal

Loss = Literal["kernel_died", "kernel_restarted"]

STOPPING_LIMIT = 15.0
"""Seconds that a restart or a shutdown may take; Jupyter itself kills the process after 5."""

IDLE_LIMIT = 10.0
"""Seconds of silence after a reply before a missing idle status is taken as given."""
