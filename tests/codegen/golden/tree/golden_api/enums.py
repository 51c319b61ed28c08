"""Closed lists of words, each a type of its own."""

from __future__ import annotations

from typing import Literal

Mode = Literal["live", "file"]
"""Where edits go."""
State = Literal["idle", "busy"]
"""What a kernel does."""
KernelState = Literal["dead", "idle", "busy"]
"""What a kernel does or is."""
NoticeCode = Literal["kernel_restarted", "cells_changed"]
"""What a notice is about."""
