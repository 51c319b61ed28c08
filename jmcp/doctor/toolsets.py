"""The toolsets of other packages: whether each can be used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from jmcp.doctor.finding import Finding, problem
from jmcp.plugins.installed import installed_toolsets


async def toolsets() -> Sequence[Finding]:
    """Imports what is installed, as a server does when it starts."""
    about = "toolsets"
    if not installed_toolsets():
        return [Finding(about=about, fact="none from other packages")]
    from jmcp.plugins.loading import loaded_toolsets

    loaded = await asyncio.to_thread(loaded_toolsets)
    found = [
        Finding(
            about=f"toolset {one.toolset.name}",
            fact=f"{', '.join(one.tools)}, of {one.package}; MCP clients get them with "
            f"--toolset core,{one.toolset.name}",
        )
        for one in loaded.toolsets
    ]
    found += [
        problem(
            f"toolset {one.name}",
            f"{one.package}: {f'{one.tool}: ' if one.tool else ''}{one.reason}",
            one.remedy,
        )
        for one in loaded.faults
    ]
    return found
