"""Which toolsets are installed, by the entry points of packages; none of them is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUP = "jmcp.toolsets"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledToolset:
    """One entry point. `package` is the distribution that has it, with its version."""

    name: str
    package: str
    entry_point: EntryPoint


def installed_toolsets() -> tuple[InstalledToolset, ...]:
    """All of them, by their names and then their packages, so that each start has the same order."""
    found = [
        InstalledToolset(
            name=one.name,
            package=f"{one.dist.name} {one.dist.version}" if one.dist else one.value,
            entry_point=one,
        )
        for one in entry_points(group=GROUP)
    ]
    return tuple(sorted(found, key=lambda one: (one.name, one.package)))
