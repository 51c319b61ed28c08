"""The types of option values, each read from text, from TOML and from a trait.

The text of a ValueError that they raise is a predicate: it follows the name of the option.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from jmcp.core.loopback import is_loopback

ON = frozenset({"1", "true", "yes", "on", "enable", "enabled"})
OFF = frozenset({"0", "false", "no", "off", "disable", "disabled"})
KERNEL = re.compile("[A-Za-z0-9._-]{1,128}")
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ORIGIN = re.compile(rf"https?://{LABEL}(\.{LABEL})*(:(?P<port>[0-9]{{1,5}}))?")
"""Browsers take no IPv6 address in a policy, and a name beyond ASCII as Punycode."""
REDIS_SCHEMES = ("redis", "rediss", "unix")


class OptionType(Protocol):
    """`parsed` reads the text of an argument or a variable, `checked` a value of TOML or of a trait;
    both raise ValueError. `plain` inverts `checked`: `checked(plain(value)) == value`.
    """

    def parsed(self, text: str) -> Any: ...
    def checked(self, value: Any) -> Any: ...
    def plain(self, value: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string that `check`, where there is one, does not refuse."""

    check: Callable[[str], None] | None = None

    def parsed(self, text: str) -> str:
        return self.checked(text)

    def checked(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a string")  # noqa: TRY004  one kind of error for all
        if self.check is not None:
            self.check(value)
        return value

    def plain(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the given names."""

    names: tuple[str, ...]

    def parsed(self, text: str) -> str:
        return self.checked(text)

    def checked(self, value: Any) -> str:
        if value not in self.names:
            raise ValueError(f"{value!r} is none of: {', '.join(self.names)}")
        return str(value)

    def plain(self, value: Any) -> str:
        return str(value)


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off. As an argument it takes no value, but has a `--no-` form."""

    def parsed(self, text: str) -> bool:
        if text.lower() in ON | OFF:
            return text.lower() in ON
        raise ValueError(f"{text!r} is neither true nor false")

    def checked(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false")  # noqa: TRY004
        return value

    def plain(self, value: Any) -> bool:
        return bool(value)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, not less than `least`."""

    least: int = 0

    def parsed(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None
        return self.checked(number)

    def checked(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not a whole number")  # noqa: TRY004
        if value < self.least:
            raise ValueError(f"{value} is less than {self.least}")
        return value

    def plain(self, value: Any) -> int:
        return int(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number that is not negative; `positive` refuses 0 too."""

    positive: bool = False

    def parsed(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
        return self.checked(number)

    def checked(self, value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"{value!r} is not a number")  # noqa: TRY004
        if not math.isfinite(value) or value < 0 or (self.positive and value == 0):
            raise ValueError(f"{value} is not a number {'above' if self.positive else 'from'} 0")
        return float(value)

    def plain(self, value: Any) -> float:
        return float(value)


@dataclass(frozen=True, slots=True)
class NameList:
    """Strings separated by commas, or as a list; `check`, where there is one, refuses some."""

    check: Callable[[str], None] | None = None

    def parsed(self, text: str) -> tuple[str, ...]:
        return self.checked([name.strip() for name in text.split(",") if name.strip()])

    def checked(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ValueError(f"{value!r} is not a list of strings")
        for name in value:
            if self.check is not None:
                self.check(name)
        return tuple(value)

    def plain(self, value: Any) -> list[str]:
        return list(value)


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path on this machine; `~` is the home folder."""

    def parsed(self, text: str) -> Path:
        return self.checked(text)

    def checked(self, value: Any) -> Path:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{value!r} is not a path")
        return Path(value).expanduser()

    def plain(self, value: Any) -> str:
        return str(value)


def check_notebook(text: str) -> None:
    """Raises ValueError for what is not the path of a notebook."""
    if not text or not text.endswith(".ipynb"):
        raise ValueError(f"{text!r} is not the path of a notebook, as in folder/name.ipynb")


def check_kernel(text: str) -> None:
    """Raises ValueError for what neither says when a kernel starts nor is the id of one."""
    if not KERNEL.fullmatch(text):
        raise ValueError(f"{text!r} is neither first-run, nor now, nor the id of a kernel")


def check_store(text: str) -> None:
    """Raises ValueError for what is no place to keep sessions in."""
    if text not in ("sqlite", "memory") and urlsplit(text).scheme not in REDIS_SCHEMES:
        # Not the text: it may hold a password.
        raise ValueError("is none of: sqlite, memory, redis://HOST:PORT/NUMBER")


def check_origin(text: str) -> None:
    """Raises ValueError for what a browser would not send as Origin."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{text!r} is not an origin, as in https://example.org:8080")


def check_frame_ancestor(text: str) -> None:
    """Raises ValueError for what is not one exact origin as Content-Security-Policy has it."""
    found = ORIGIN.fullmatch(text)
    # Ports are numbers below 65,536, and 0 is none.
    if found is None or (found["port"] and not 0 < int(found["port"]) < 65_536):
        raise ValueError(
            f"{text!r} is not one exact origin, as in https://example.org:8080, with a name or an IPv4 "
            "address and without a wildcard: whoever has a page there could trick people into clicks"
        )


def check_claim(text: str) -> None:
    """Raises ValueError for what is not the name of a claim."""
    if not text or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is not the name of a claim, as in sub")


def check_issuer(text: str) -> None:
    """Raises ValueError for what is not the issuer of tokens that can be trusted."""
    check_url(text)
    if not _is_secure(text):
        raise ValueError(
            f"{text!r} is not an https URL: whoever is on the way there could make tokens of anybody"
        )


def check_resource(text: str) -> None:
    """Raises ValueError for what is not the URL of MCP on a server that takes tokens."""
    check_url(text)
    if not _is_secure(text):
        raise ValueError(
            f"{text!r} is not an https URL: whoever is on the way could read the tokens; a proxy in front "
            "of jmcp can speak TLS"
        )
    if not text.endswith("/mcp"):
        raise ValueError(f"{text!r} is not the URL of MCP, which ends in /mcp")


def _is_secure(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def check_url(text: str) -> None:
    """Raises ValueError for what is not the URL of a server alone: whoever gets it gets all of it."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is not a number
        known = False
    if not known or "@" in parts.netloc or parts.query or parts.fragment:
        # Not the text: it may hold a token.
        raise ValueError(
            "is not the URL of a server and nothing more, as in https://example.org/jupyter/"
        )
