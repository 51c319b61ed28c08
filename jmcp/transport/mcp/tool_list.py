"""The entries of `tools/list`, from the generated file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import SCOPES, Scope
from jmcp.core.calls.tool import ALL_TOOLSETS, Api

Entry = dict[str, Any]


class ToolList:
    """The tools that a server shows, in the order of the spec.

    Toolsets are fixed when the server starts, because clients read the list once; `all` is all of
    them. A toolset that is installed and cannot be used adds nothing. `names` includes tools that are not permitted, so that a call of one is refused with the
    reason.
    Raises ValueError for a toolset that the spec does not have.
    """

    def __init__(
        self, api: Api, toolsets: Iterable[str], permissions: Permissions | None = None
    ) -> None:
        wanted = set(toolsets)
        known = {tool.toolset for tool in api.tools.values()}
        if unknown := wanted - known - api.left_out.keys() - {ALL_TOOLSETS}:
            names = ", ".join(sorted(unknown))
            there = ", ".join([*sorted(known), ALL_TOOLSETS])
            raise ValueError(f"no toolset {names}; there are: {there}")
        if ALL_TOOLSETS in wanted:
            wanted = known
        self._listed = list(listed(api))
        self._entries = [entry for entry, toolset in self._listed if toolset in wanted]
        self._text_entries = [
            {key: value for key, value in entry.items() if key != "outputSchema"}
            for entry in self._entries
        ]
        self._permissions = permissions or Permissions(api)
        self.names = frozenset(entry["name"] for entry in self._entries)

    def entries(self, scopes: frozenset[Scope] = SCOPES, *, structured: bool = True) -> list[Entry]:
        """The tools that a caller with those scopes may call; without output schemas unless
        `structured`, since results then have no structured content."""
        permitted = set(self._permissions.tools(scopes))
        entries = self._entries if structured else self._text_entries
        return [entry for entry in entries if entry["name"] in permitted]

    def all_entries(self, scopes: frozenset[Scope] = SCOPES) -> list[Entry]:
        """The tools of all toolsets that a caller with those scopes may call, each with `toolset`."""
        permitted = set(self._permissions.tools(scopes))
        return [
            entry | {"toolset": toolset}
            for entry, toolset in self._listed
            if entry["name"] in permitted
        ]


def listed(api: Api) -> Iterator[tuple[Entry, str]]:
    """The entries of all tools with their toolsets: jmcp's own, then those of other packages."""
    for entry in json.loads(Path(api.listing_file).read_bytes()):
        yield entry, api.tools[entry["name"]].toolset
    for toolset in api.added:
        for entry in json.loads(Path(toolset.listing_file).read_bytes()):
            # Another tool of that name is there where this one was refused.
            tool = api.tools.get(entry["name"])
            if tool is not None and tool.toolset == toolset.name:
                yield entry, toolset.name
