"""REST operations: `{cell}` expanded, and a place on the wire for every param."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jmcp_codegen.source.model import Place, RouteModel

CELL = ("cell_id", "cell_index")
"""What `{cell}` stands for: the first in `/cells/{cell_id}`, the second in `/cells/at/{...}`."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


def placeholders(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{([^{}]*)\}", path))


def expanded(path: str) -> tuple[tuple[str, str], ...]:
    """The paths that one path of the spec means, each with the suffix of its operation's name."""
    if "cell" not in placeholders(path):
        return ((path, ""),)
    by_id, by_index = CELL
    return (
        (path.replace("{cell}", f"{{{by_id}}}"), ""),
        (path.replace("{cell}", f"at/{{{by_index}}}"), "_by_index"),
    )


def routes(
    name: str,
    http: Mapping[str, Any] | None,
    params: Sequence[str],
    either: Sequence[Sequence[str]],
    session_queries: frozenset[str],
    *,
    paged: bool = False,
) -> tuple[RouteModel, ...]:
    """The operations of a tool. `session_queries` are session params that never go in a body;
    `paged`: its result is one page of a list."""
    if http is None:
        return ()
    found = []
    for path, suffix in expanded(http["path"]):
        fed = placeholders(path)
        # The path settles its group: the other way to name the cell has no place on this route.
        settled = [group for group in either if set(group) & set(fed)]
        replaced = {name for group in settled for name in group} - set(fed)
        places = {
            param: _place(param, fed, http["method"], session_queries)
            for param in (*fed, *(p for p in params if p not in fed))
            if param not in replaced
        }
        found.append(
            RouteModel(
                operation=name + suffix,
                method=http["method"],
                path=path,
                status=http.get("status", 200),
                places=places,
                groups=tuple(tuple(g) for g in either if g not in settled),
                stream=http.get("stream"),
                events=http.get("events", False),
                conditional=http.get("conditional", False),
                paged=paged and http["method"] == "GET",
            )
        )
    if (content := http.get("content")) is not None:
        found += [_content(route, content) for route in found]
    return tuple(found)


def _content(route: RouteModel, below: str) -> RouteModel:
    """The operation that has the bytes of what another one describes."""
    return replace(
        route,
        operation=f"{route.operation}_content",
        path=route.path + below,
        places={**route.places, **dict.fromkeys(placeholders(below), "path")},
        content=True,
        conditional=False,
        paged=False,
    )


def _place(param: str, fed: Sequence[str], method: str, session_queries: frozenset[str]) -> Place:
    if param in fed:
        return "path"
    return "body" if method in BODY_METHODS and param not in session_queries else "query"
