"""How much is kept of the outputs of one run, and what was left out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Beyond = Literal["go_on", "interrupt"]
"""What becomes of a run that puts out more than is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLimits:
    """The beginning (`head`) and the end (`tail`) of a run's outputs that are kept.

    Text of streams is counted in characters, all other outputs together in bytes. `error` is how
    many characters of an exception's name, message and traceback are kept.
    """

    text_head: int
    text_tail: int
    data_head: int
    data_tail: int
    outputs_head: int
    outputs_tail: int
    error: int
    beyond: Beyond = "go_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is missing between the beginning and the end: characters of text, and other outputs."""

    characters: int = 0
    outputs: int = 0

    def __add__(self, other: LeftOut) -> LeftOut:
        return LeftOut(
            characters=self.characters + other.characters, outputs=self.outputs + other.outputs
        )
