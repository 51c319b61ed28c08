"""The process's stdin and stdout, claimed for a protocol before anything can print.

A module of its own, because it runs before imports that are slow or print.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioFds:
    """Duplicates of stdin and stdout that only the protocol uses: no print reaches the client."""

    stdin: int
    stdout: int

    @classmethod
    def claim(cls) -> StdioFds:
        """Take over those of this process, whose own stdin is empty from now on and stdout is stderr."""
        fds = cls(stdin=os.dup(0), stdout=os.dup(1))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return fds
