"""Which redirect URIs a client may have, and which one of a request is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SCHEMES = frozenset({"cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed"})
"""Of applications that register one without a dot. RFC 8252, 7.1 asks for a domain of their own, as in
com.example.app: those are taken too, and nothing else that a browser might run or open."""

MAX_CHARACTERS = 1_000
URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
"""Of RFC 3986, without the # of a fragment."""

AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
"""A host and a port. Python reads a host out of what no browser takes for one, as in a.org[::1]."""

PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")


def problem_of(uri: str) -> str:
    """Why no client may have that redirect URI; empty where one may."""
    if len(uri) > MAX_CHARACTERS:
        return f"a redirect URI has at most {MAX_CHARACTERS} characters"
    if not URI_CHARACTERS.fullmatch(uri):
        return "a redirect URI is an absolute URI in ASCII without a fragment"
    parts = _split(uri)
    if parts is None or "@" in parts.netloc:
        return "a redirect URI has a host and port that can be read, and no user name"
    if parts.scheme in ("http", "https") and not AUTHORITY.fullmatch(parts.netloc):
        return "a redirect URI with http or https has a host that can be read"
    if parts.scheme == "https":
        return ""
    if parts.scheme == "http":
        if parts.hostname in LOOPBACK:
            return ""
        return "a redirect URI with http is one of 127.0.0.1, [::1] or localhost; all others need https"
    if parts.scheme in SCHEMES or PRIVATE_SCHEME.fullmatch(parts.scheme):
        return ""
    return "a redirect URI is https, http of this computer, or of an application's own scheme (com.example.app:/)"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether `uri` is one of those: exactly, and for http of this computer with whatever port."""
    return any(uri == one or _same_loopback(uri, one) for one in registered)


def is_loopback(uri: str) -> bool:
    """Whether it leads to the user's own computer."""
    parts = _split(uri)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK


def place_of(uri: str) -> str:
    """The host and port to which it leads, or the scheme of an application."""
    parts = _split(uri)
    if parts is None:
        return ""
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _same_loopback(uri: str, registered: str) -> bool:
    if problem_of(uri) or not (is_loopback(uri) and is_loopback(registered)):
        return False
    one, other = urlsplit(uri), urlsplit(registered)
    return (one.hostname, one.path, one.query) == (other.hostname, other.path, other.query)


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts
