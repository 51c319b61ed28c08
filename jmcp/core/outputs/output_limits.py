"""How much is kept of the outputs of one run, and what was left out of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
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

    def within(self, size: int | None) -> OutputLimits:
        """The same for a cell whose notebook may grow by so many bytes: what is kept takes at most
        half of that, for JSON may take twice as much as the text in it."""
        most = 2 * (self.text_head + self.text_tail + self.data_head + self.data_tail)
        if size is None or size >= most:
            return self
        part = size / most
        return replace(
            self,
            text_head=int(self.text_head * part),
            text_tail=int(self.text_tail * part),
            data_head=int(self.data_head * part),
            data_tail=int(self.data_tail * part),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is missing between the beginning and the end: characters of text, and other outputs."""

    characters: int = 0
    outputs: int = 0

    def __add__(self, other: LeftOut) -> LeftOut:
        return LeftOut(
            characters=self.characters + other.characters, outputs=self.outputs + other.outputs
        )
