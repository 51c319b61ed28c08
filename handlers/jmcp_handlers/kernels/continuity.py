"""Proof that no message of a kernel is missing, from the numbers that it gives them.

A cut of the network loses what was on its way, unnoticed: Jupyter replays what it received after
it noticed the cut, and that only if nobody else was on the kernel. Kernels on jupyter_client's
`Session` (ipykernel and all built on it) number their messages: `<session>_<process>_<number>`.
So the run is whole if no number is missing between the last message before the cut and its end.
Any doubt, and any kernel that numbers otherwise, counts as missing.
"""

from __future__ import annotations

import re
from typing import Any

NUMBERED = re.compile(r"(.+_\d+)_(\d+)")

ANSWERED = frozenset({"kernel_info_request", "comm_info_request", "history_request"})
"""What clients ask when they connect. Each gets one reply, which only the asker sees."""


class Continuity:
    """The numbers of one kernel's messages. The busy and idle status of any request is published,
    so a reply to somebody else is a number that may be missing between the two."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._process = ""
        self._last: int | None = None
        self._start: int | None = None
        self._highest = 0
        self._seen = 0
        self._excused = 0
        self._asked: set[str] = set()
        self._watching = False

    def published(self, header: dict[str, Any], parent: dict[str, Any], state: str | None) -> None:
        """An iopub message arrived; `state` is the execution state that it tells, if it does."""
        number = self._number(header, known=state is not None)
        if number is None:
            return
        self._last = number
        self._count(number)
        if not self._watching or parent.get("msg_type") not in ANSWERED:
            return
        request = str(parent.get("msg_id"))
        if state == "busy":
            self._asked.add(request)
        elif state == "idle" and request in self._asked:
            self._asked.discard(request)
            self._excused += 1

    def replied(self, header: dict[str, Any]) -> None:
        """The reply to a run arrived."""
        number = self._number(header)
        if number is not None:
            self._count(number)

    def cut(self) -> None:
        """Contact was lost: from here on every number counts."""
        if not self._watching:
            self._watch(self._last)

    def begin(self) -> None:
        """Listening starts in the middle, after somebody else's contact was lost."""
        if not self._watching:
            self._watch(None)

    def anchor(self, header: dict[str, Any]) -> None:
        """This message was the first that matters."""
        number = self._number(header, known=True)
        if self._watching and self._start is None and number is not None:
            self._watch(number - 1)

    def over(self) -> None:
        """No run that a cut touched is left."""
        self._watching = False
        self._asked.clear()

    @property
    def whole(self) -> bool:
        """Whether everything since the cut is here, for certain."""
        if not self._watching or self._start is None:
            return False
        return self._highest - self._start == self._seen + self._excused

    def _watch(self, start: int | None) -> None:
        self._watching = True
        self._start = start
        self._highest = start or 0
        self._seen = self._excused = 0
        self._asked.clear()

    def _count(self, number: int) -> None:
        if self._watching and self._start is not None and number > self._start:
            self._seen += 1
            self._highest = max(self._highest, number)

    def _number(self, header: dict[str, Any], *, known: bool = False) -> int | None:
        """The message's number. `known` says that the kernel's own process sent it: those of a
        process that it forked have numbers of their own, which tell nothing."""
        found = NUMBERED.fullmatch(str(header.get("msg_id", "")))
        if found is None:
            return None
        if known and not self._process:
            self._process = found[1]
        return int(found[2]) if found[1] == self._process else None

    def new_process(self) -> None:
        """The kernel has a new process, which numbers from the start."""
        self._forget()
