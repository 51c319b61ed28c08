"""What a client has to know of a tool, beside its params and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTool:
    """One tool, as generated code declares it for clients.

    `opens`: it opens a session or goes on with one; `in_session`: it works in one. `runs`: it runs code, so that a call reports its progress and may take long. `patient` are the
    arguments that a client gives it which waits for its end: it hears of the progress meanwhile.
    `tables` are the names that lead to the lists in its result which travel as tables.
    """

    name: str
    toolset: str
    read_only: bool
    opens: bool = False
    in_session: bool = False
    runs: bool = False
    patient: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    tables: tuple[tuple[str, ...], ...] = ()
