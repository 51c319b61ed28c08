"""Toolsets that are installed and broken in one way each, made of the example's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from jmcp.plugins.installed import GROUP, InstalledToolset

Install = Callable[..., InstalledToolset]


def installed(name: str, value: str, package: str = "jmcp-other 1.0") -> InstalledToolset:
    """An entry point as a package's metadata have it."""
    entry_point = EntryPoint(name=name, value=value, group=GROUP)
    return InstalledToolset(name=name, package=package, entry_point=entry_point)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes an entry point of an object, which is in a module of its own."""
    count = 0

    def made(name: str, toolset: Any, package: str = "jmcp-other 1.0") -> InstalledToolset:
        nonlocal count
        count += 1
        module = ModuleType(f"other_toolset_{count}")
        module.TOOLSET = toolset  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return installed(name, f"{module.__name__}:TOOLSET", package)

    return made
