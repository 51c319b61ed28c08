"""The process's stdin and stdout, taken for a protocol before anything can print.

Of its own, because it comes before every import that costs something.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Descriptors that nothing else in the process has: no print can reach the client."""

    stdin: int
    stdout: int

    @classmethod
    def taken(cls) -> Wire:
        """Those of this process. From now on it reads nothing, and prints to stderr."""
        wire = cls(stdin=os.dup(0), stdout=os.dup(1))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return wire
