"""The entries of `tools/list`, from the generated file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import SCOPES, Scope
from jmcp.core.calls.tool import ALL_TOOLSETS, Api
from jmcp.transport.mcp.result_form import ListForm

Entry = dict[str, Any]
DEFAULT_FORM = ListForm()


class ToolList:
    """The tools that a server shows, in the order of the spec.

    Toolsets are fixed when the server starts, because clients read the list once; `all` is all of
    them. Tools with views are shown to clients that show these. A toolset that is installed and cannot be used adds nothing. `names` includes tools that are not permitted or not shown, so that a call of one is refused with the
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
        self._tools = api.tools
        self._listed = list(listed(api))
        self._entries = [entry for entry, toolset in self._listed if toolset in wanted]
        self._permissions = permissions or Permissions(api)
        self.names = frozenset(entry["name"] for entry in self._entries)
        self.shows_views = any(self._tools[name].view is not None for name in self.names)

    def entries(
        self, scopes: frozenset[Scope] = SCOPES, form: ListForm = DEFAULT_FORM
    ) -> list[Entry]:
        """The tools that a caller with those scopes may call, in that form: without output schemas
        where results have no structured content, and tools with views only where these are shown."""
        permitted = set(self._permissions.tools(scopes))
        shown = [entry for entry in self._entries if entry["name"] in permitted]
        return [
            {key: value for key, value in entry.items() if key not in self._left_out(entry, form)}
            for entry in shown
            if form.views or self._tools[entry["name"]].view is None
        ]

    def _left_out(self, entry: Entry, form: ListForm) -> tuple[str, ...]:
        """The keys of an entry that this form does not have."""
        tool = self._tools[entry["name"]]
        # A view reads the structure, whatever the client shows its model.
        without = () if form.structured or tool.for_view else ("outputSchema",)
        return without if form.annotated or tool.view is None else (*without, "annotations")

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
