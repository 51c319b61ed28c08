"""Which process edits a notebook, where several have documents of the same file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from jmcp.core.ports import NotebookRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A process of jmcp inside a Jupyter Server: its root directory, address and process id."""

    root: str
    address: str
    pid: int


class Owners(Protocol):
    """The claims of this process on notebooks, which other processes respect."""

    def claim(self, ref: NotebookRef) -> bool:
        """From now on this process edits the notebook. Returns whether that is new.

        Raises WriteRefused when another process edits it.
        """

    def release_unused(self, in_use: Callable[[str], bool]) -> None:
        """Let others have what was not claimed again for a while. `in_use` gets a notebook's key."""

    def others(self) -> Sequence[Instance]:
        """Other living processes that have some of the same files."""

    def ended(self) -> bool:
        """Whether one of the others has ended since this was asked last."""

    def close(self) -> None: ...
