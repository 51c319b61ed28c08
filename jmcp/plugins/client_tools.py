"""The tools of other packages as the command line knows them. Nothing is imported where there are none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.client.tool import ClientTool
from jmcp.plugins.installed import installed_toolsets


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTool:
    """A tool as MCP clients see it, and what a client has to know of it. `package` has its version."""

    entry: Mapping[str, Any]
    tool: ClientTool
    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTools:
    """All of them by name, and what is to be said of those that cannot be used."""

    tools: Mapping[str, AddedTool]
    faults: Sequence[str] = ()

    def by_toolset(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name, one in self.tools.items():
            names.setdefault(one.tool.toolset, []).append(name)
        return names


def added_tools() -> AddedTools:
    """Those of the toolsets that are installed here, which are imported for it."""
    if not installed_toolsets():
        return AddedTools(tools={})
    from jmcp.plugins.additions import LISTING_FILE
    from jmcp.plugins.loading import loaded_toolsets

    loaded = loaded_toolsets()
    found = {}
    for one in loaded.toolsets:
        streams = {route.tool: route.stream for route in one.toolset.routes if route.stream}
        for entry in json.loads((one.toolset.folder / LISTING_FILE).read_bytes()):
            if (tool := one.tools.get(entry["name"])) is None:
                continue
            client_tool = ClientTool(
                name=tool.name,
                toolset=tool.toolset,
                read_only=tool.read_only,
                opens=tool.session == "opens",
                in_session=tool.session == "required",
                runs=tool.on_disconnect is not None,
                patient=streams.get(tool.name, {}),
                tables=tuple(table.path for table in tool.tables),
            )
            found[tool.name] = AddedTool(entry=entry, tool=client_tool, package=one.package)
    return AddedTools(tools=found, faults=[str(fault) for fault in loaded.faults])
