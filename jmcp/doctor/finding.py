"""What a check has found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from jmcp.core.errors import ENDS_TASK, ServeError

State = Literal["ok", "warning", "problem"]
CHECK_SECONDS = 4.0
"""A check has so long, all of them side by side: a person waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about the machine, in a sentence without a full stop. What is not ok has a remedy."""

    about: str
    state: State = "ok"
    fact: str
    remedy: str = ""

    def public(self) -> dict[str, Any]:
        """As JSON data."""
        return {name: value for name, value in asdict(self).items() if value != ""}


Check = Callable[[], Awaitable[Sequence[Finding]]]


def problem(about: str, fact: str, remedy: str) -> Finding:
    return Finding(about=about, state="problem", fact=fact, remedy=remedy)


def warning(about: str, fact: str, remedy: str) -> Finding:
    return Finding(about=about, state="warning", fact=fact, remedy=remedy)


async def findings(checks: dict[str, Check], seconds: float = CHECK_SECONDS) -> list[Finding]:
    """What the checks find, in their order. One that fails or hangs is a finding as well."""
    found = await asyncio.gather(*(_found(name, one, seconds) for name, one in checks.items()))
    return [one for several in found for one in several]


async def _found(name: str, check: Check, seconds: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except TimeoutError:
        fact = f"could not be checked within {seconds:g} s"
        return [warning(name, fact, "run jmcp doctor again when the machine is less busy")]
    except ENDS_TASK:
        raise
    except ServeError:  # a mistake in the configuration, which the check of that tells
        return []
    except BaseException as error:  # noqa: BLE001 # it must not hide what the others find
        fact = f"could not be checked: {type(error).__name__}: {error}"
        return [warning(name, fact, "please report it")]
