"""Who calls and what that one may do, as it is known before anything of the SDK is loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

Scope = Literal["read", "write", "execute", "admin"]
LEVELS: tuple[Scope, ...] = ("read", "write", "execute", "admin")
"""Scopes in ascending order; each contains those before it. `execute` contains `write`, because
code can write any file. No tool asks for `admin` yet: it is for what belongs to all callers."""

SCOPES: frozenset[Scope] = frozenset(LEVELS)

ANONYMOUS = "anonymous"
"""The owner of what callers do whom nobody asked who they are."""


def implied(given: Collection[str]) -> frozenset[Scope]:
    """The scopes with those that they contain. Unknown names give nothing."""
    highest = max((LEVELS.index(scope) for scope in LEVELS if scope in given), default=-1)
    return frozenset(LEVELS[: highest + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The owner that sessions belong to, by name, and what it may do.

    `token_digest` is that of the named token it comes with, or stands for a person who logged in: who
    knows it can tell whether the principal is still let in. It is empty for a server's own token. `of_page`: it
    comes with the token of a page that was entered with a ticket; `by_cookie`: with the cookie of Jupyter's
    login, as pages do. `user` is what people call the one who
    logged in, for logs; empty where that is the name, or nobody said it.
    """

    name: str
    scopes: frozenset[Scope] = SCOPES
    token_digest: bytes = field(default=b"", repr=False)
    of_page: bool = False
    by_cookie: bool = False
    user: str = ""


Named = Callable[[str], Principal | None]
"""Finds the principal of a named token; None if the token is unknown, removed or expired."""
