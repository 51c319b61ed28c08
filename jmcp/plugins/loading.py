"""Imports the toolsets that are installed. One that is broken is told of, and no other suffers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from jmcp.core.calls.tool import ALL_TOOLSETS, Tool
from jmcp.plugins.installed import InstalledToolset, installed_toolsets
from jmcp.toolsets import FormatError, Toolset
from jmcp_api.mcp import TOOLSETS
from jmcp_api.notices import SENTENCES
from jmcp_api.registry import TOOLS


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedToolset:
    """A toolset that can be used, with those of its tools that can be."""

    toolset: Toolset
    package: str
    tools: Mapping[str, Tool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a toolset is left out, or with `tool` one of its tools. `reason` goes on after the name of
    what is left out."""

    name: str
    package: str
    reason: str
    remedy: str
    tool: str = ""

    def __str__(self) -> str:
        what = f"tool {self.tool} of toolset" if self.tool else "toolset"
        return f"The {what} {self.name} ({self.package}) is left out: {self.reason}. {self.remedy}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of all that is installed."""

    toolsets: tuple[LoadedToolset, ...] = ()
    faults: tuple[Fault, ...] = field(default=())

    @property
    def left_out(self) -> dict[str, str]:
        """The toolsets of which not all can be used, by name, and why."""
        return {one.name: str(one) for one in self.faults}


class _RefusedError(Exception):
    """A toolset cannot be used: the reason, and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


@cache
def loaded_toolsets() -> Loaded:
    """All that are installed, imported once for this process."""
    return load(installed_toolsets())


def load(installed: Iterable[InstalledToolset]) -> Loaded:
    """Import these, in their order: of two that have the same name the first one is used."""
    toolsets: list[LoadedToolset] = []
    faults: list[Fault] = []
    taken = dict.fromkeys(TOOLS, "jmcp")
    notices = dict.fromkeys(SENTENCES, "jmcp")
    names = dict.fromkeys((*TOOLSETS, ALL_TOOLSETS), "jmcp")
    for one in installed:
        try:
            toolset = _imported(one, names, notices)
        except _RefusedError as refused:
            reason, remedy = refused.reason, refused.remedy
            faults.append(Fault(name=one.name, package=one.package, reason=reason, remedy=remedy))
            continue
        usable, refused_tools = _usable(one, toolset, taken)
        faults += refused_tools
        if not usable:
            reason, remedy = "none of its tools can be used", "Do what is said of them"
            faults.append(Fault(name=one.name, package=one.package, reason=reason, remedy=remedy))
            continue
        names[one.name] = one.package
        notices |= dict.fromkeys(toolset.notices, one.package)
        taken |= dict.fromkeys(usable, one.package)
        toolsets.append(LoadedToolset(toolset=toolset, package=one.package, tools=usable))
    return Loaded(toolsets=tuple(toolsets), faults=tuple(faults))


def _imported(
    one: InstalledToolset, names: Mapping[str, str], notices: Mapping[str, str]
) -> Toolset:
    """The toolset of an entry point. Raises _RefusedError, whatever is wrong with it."""
    if one.name in names:
        raise _RefusedError(
            f"{names[one.name]} has a toolset of that name",
            f"Uninstall one of the two, or have {one.package} call its toolset something else",
        )
    try:
        toolset = one.entry_point.load()
    except KeyboardInterrupt:
        raise
    except FormatError as error:
        raise _RefusedError(str(error), f"Upgrade {one.package}, or tell its authors") from error
    except BaseException as error:
        raise _RefusedError(
            f"{one.entry_point.value} cannot be imported: {_shown(error)}",
            "Repair or uninstall it; jmcp doctor looks at it again",
        ) from error
    if not isinstance(toolset, Toolset):
        raise _RefusedError(
            f"{one.entry_point.value} is {type(toolset).__name__}, and no Toolset",
            "Name what the generated function `toolset` returns",
        )
    if toolset.name != one.name:
        raise _RefusedError(
            f"its spec calls it {toolset.name}, and its entry point {one.name}",
            "Give both the same name",
        )
    for code in toolset.notices:
        if code in notices:
            raise _RefusedError(
                f"{notices[code]} has a notice {code} too", "Call the notice something else"
            )
    return toolset


def _usable(
    one: InstalledToolset, toolset: Toolset, taken: Mapping[str, str]
) -> tuple[dict[str, Tool], list[Fault]]:
    """The tools of a toolset that can be used, and why the others cannot."""
    usable: dict[str, Tool] = {}
    faults: list[Fault] = []
    for name, tool in toolset.tools.items():
        handler = getattr(toolset.handlers, tool.handler, None)
        reason = remedy = ""
        if name in taken:
            reason = f"{taken[name]} has a tool of that name"
            remedy = f"Uninstall one of the two, or have {one.package} call its tool something else"
        elif tool.handler != name and tool.handler not in usable:
            reason = f"it stands for {tool.handler}, which is left out"
            remedy = "Do what is said of that"
        elif not _is_async(handler):
            reason = "it has no handler" if handler is None else "its handler is no async function"
            remedy = "Give `Handlers` an async function for it"
        if reason:
            faults.append(
                Fault(name=one.name, package=one.package, reason=reason, remedy=remedy, tool=name)
            )
        else:
            usable[name] = replace(tool, package=one.package)
    return usable, faults


def _is_async(handler: Any) -> bool:
    called = getattr(handler, "__call__", None)  # noqa: B004  whose kind matters
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(called)


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
