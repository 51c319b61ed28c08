"""Whether messages of a kernel are missing, from the numbers that it gives them.

Messages get lost unnoticed. A cut of the network loses what was on its way: Jupyter replays what
it received after it noticed the cut, and that only if nobody else was on the kernel. And a kernel
that publishes faster than Jupyter takes it drops messages itself (ZeroMQ's high-water mark: 80,574
of 100,000 displays arrived).

Kernels on jupyter_client's `Session` (ipykernel and all that is built on it) number what they make:
`<session>_<process>_<number>`. We see all that they publish and the replies to us. A reply to
somebody else is missing, but its number lies between the busy and the idle status of its request,
which are published.
"""

from __future__ import annotations

import re
from typing import Any

NUMBERED = re.compile(r"(.+_\d+)_(\d+)")

ANSWERED = frozenset({"kernel_info_request", "comm_info_request", "history_request"})
"""What clients ask when they connect, and what is answered for certain with one reply."""

UNANSWERED = frozenset({"comm_open", "comm_msg", "comm_close"})
"""What has no reply."""


class MessageCounter:
    """Reads the numbers of one kernel's own process; those of a process that it forked are others."""

    def __init__(self, heard: str | None = None) -> None:
        """`heard` is the id of the last published message, when others heard it."""
        found = NUMBERED.fullmatch(heard or "")
        self._process = found[1] if found else ""
        self.last: int | None = int(found[2]) if found else None
        """The number of the last published message."""

    @property
    def heard(self) -> str | None:
        """The id of the last published message."""
        return None if self.last is None else f"{self._process}_{self.last}"

    def number_of(self, header: dict[str, Any], *, status: bool = False) -> int | None:
        """The number of a message, None for a kernel that has none. A status is the process's own."""
        found = NUMBERED.fullmatch(str(header.get("msg_id", "")))
        if found is None:
            return None
        if status and not self._process:
            self._process = found[1]
        return int(found[2]) if found[1] == self._process else None


class MessageSpan:
    """The messages with numbers above `start`, as far as they came."""

    def __init__(self, start: int) -> None:
        self._start = self._highest = start
        self._seen = 0
        self._excused = 0
        self._maybe = 0
        self._asked: dict[str, str] = {}

    def published(self, number: int, parent: dict[str, Any], state: str | None, mine: bool) -> None:
        """An iopub message came; `state` is the execution state that it tells, if it does.

        `mine` says that its request is a run of ours, whose reply we see.
        """
        self.replied(number)
        if mine or state not in ("busy", "idle"):
            return
        request, kind = str(parent.get("msg_id")), str(parent.get("msg_type"))
        if state == "busy":
            self._asked[request] = kind
        elif self._asked.pop(request, None) in ANSWERED:
            self._excused += 1
        elif kind not in UNANSWERED:
            self._maybe += 1

    def replied(self, number: int) -> None:
        """The reply to a run came."""
        if number > self._start:
            self._seen += 1
            self._highest = max(self._highest, number)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, for certain."""
        return self._highest - self._start == self._seen + self._excused

    @property
    def has_gap(self) -> bool:
        """Whether something is missing, as certain as can be."""
        excuses = self._excused + self._maybe + len(self._asked)
        return self._highest - self._start > self._seen + excuses
