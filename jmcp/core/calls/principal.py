"""Who calls and what that one may do, as it is known before anything of the SDK is loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

Scope = Literal["read", "write", "execute", "admin"]
LEVELS: tuple[Scope, ...] = ("read", "write", "execute", "admin")
"""Each has those before it. Code can write any file, so `execute` without `write` would be a
promise that nobody keeps; `admin`, over what is of all callers, is asked for by no tool yet."""

SCOPES: frozenset[Scope] = frozenset(LEVELS)


def implied(given: Collection[str]) -> frozenset[Scope]:
    """The scopes with those that they contain. Unknown names give nothing."""
    highest = max((LEVELS.index(scope) for scope in LEVELS if scope in given), default=-1)
    return frozenset(LEVELS[: highest + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The owner that sessions belong to, by name, and what it may do."""

    name: str
    scopes: frozenset[Scope] = SCOPES


Named = Callable[[str], Principal | None]
"""Whose token that is, among those that were given names; None when it is none of them, or was
removed, or is no longer valid."""
