"""Conditional requests (RFC 9110, section 13): what ETag, If-Match and If-None-Match mean here.

The tag of a cell has two parts, `"SOURCE-REST"`: what edits are guarded by, and a digest of all that
the answer says. If-Match compares the first part alone, because a run that gave the cell outputs is no
reason to refuse an edit of its source; If-None-Match compares the whole. The answer to an edit, which
does not know the outputs, has the first part only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from starlette.requests import Request

from jmcp.core.calls.call import Outcome
from jmcp.core.errors import ToolError
from jmcp.transport.json_text import encoded
from jmcp.transport.problems import error_body

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"
PRECONDITION_FAILED = 412
CELL_CHANGED = "cell_changed"
"""The code of the error that refuses to change a cell which is not what the caller has read."""
ONE = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
LIST = re.compile(rf"[ \t]*{ONE}[ \t]*(?:,[ \t]*{ONE}[ \t]*)*")
TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
ANY = "*"
REST_BYTES = 8
"""Bytes of a digest: by chance two answers share one in 10**19."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The value of one of those headers. `whatever`: it is `*`."""

    whatever: bool = False
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    @property
    def sources(self) -> frozenset[str]:
        """The first parts of the tags that If-Match may go by: a weak one never matches there."""
        return frozenset(tag.partition("-")[0] for tag in self.strong)


def given(request: Request, name: str) -> str | None:
    """The header of that name, with all its lines; None where there is none."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def tags(text: str) -> Tags | None:
    """The tags that a header names; None where it names none."""
    if text.strip() == ANY:
        return Tags(whatever=True)
    if not LIST.fullmatch(text):
        return None
    found: list[tuple[str, str]] = TAG.findall(text)
    return Tags(
        strong=frozenset(tag for weak, tag in found if not weak),
        weak=frozenset(tag for weak, tag in found if weak),
    )


def etag(source: str, result: Mapping[str, Any] | None = None) -> str:
    """The header of a cell with that tag, and of the whole answer where there is a result."""
    if result is None:
        return f'"{source}"'
    said = {name: value for name, value in result.items() if name != "notices"}
    rest = blake2b(encoded(said), digest_size=REST_BYTES).hexdigest()
    return f'"{source}-{rest}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a request's headers ask for: `expected` are the tags that an If-Match goes by, `known`
    the answers that an If-None-Match says the client has."""

    expected: frozenset[str] | None = None
    known: Tags | None = None

    @property
    def only_weak(self) -> bool:
        """Whether it names no tag that could ever match."""
        return self.expected is not None and not self.expected

    def problem(self, error: ToolError) -> dict[str, Any]:
        """The error as a problem: 412 where it is what the request asked to be told."""
        failed = self.expected is not None and error.code == CELL_CHANGED
        return error_body(error, PRECONDITION_FAILED if failed else None)

    def body(self, outcome: Outcome) -> dict[str, Any] | None:
        """What ends a stream of events: the result, or the problem."""
        return outcome.result if outcome.error is None else self.problem(outcome.error)

    def is_met_by(self, header: str, outcome: Outcome) -> bool:
        """Whether the client has the answer with that ETag already. Notices it cannot have."""
        if self.known is None or not outcome.result or outcome.result.get("notices"):
            return False
        return self.known.whatever or header.strip('"') in self.known.strong | self.known.weak


UNCONDITIONAL = Condition()
