"""Link headers (RFC 8288) from one page of a list to the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

START = "start_index"
LIMIT = "limit"


def page_links(
    path: str, query: Sequence[tuple[str, str]], arguments: Mapping[str, Any], result: Any
) -> str | None:
    """The header's value: `next`, and from a later page `first` and `prev`; None where this is all.

    `path` is that of the request, decoded; `query` its parameters, which the links keep. A page
    before this one is as long as the request's limit, and begins at 0 where it has none.
    """
    kept = [(name, text) for name, text in query if name != START]
    start = int(result.get(START) or arguments.get(START) or 0)
    more = result.get("more") or {}
    starts: dict[str, int] = {}
    if start > 0:
        starts["first"] = 0
        limit = arguments.get(LIMIT)
        starts["prev"] = max(0, start - limit) if isinstance(limit, int) and limit else 0
    if more.get(START) is not None:
        starts["next"] = more[START]
    links = [
        f'<{quote(path)}?{urlencode([*kept, (START, at)])}>; rel="{name}"'
        for name, at in starts.items()
    ]
    return ", ".join(links) or None
