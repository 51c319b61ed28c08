"""Resources: what a client can read by its URI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, unquote

from jmcp.core.calls.prompts import Completes

PLACEHOLDER = re.compile(r"\{(\w+)\}")
SLASHED: frozenset[Completes | None] = frozenset(("notebook", "mime_type"))
"""Values that have slashes, which a client that fills in a template may leave as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTemplate:
    """One kind of resource. In `uri` each `{part}` stands for a value that is percent-encoded, with
    its slashes. `parts` says in the same order what each is, where a client can complete it."""

    name: str
    uri: str
    title: str
    description: str
    mime_type: str | None
    parts: Mapping[str, Completes | None]

    def uri_of(self, **values: str) -> str:
        """The URI of the one that has these parts."""
        return PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), self.uri)

    def values(self, uri: str) -> dict[str, str] | None:
        """The parts of a URI of this kind, None for another. Slashes of a part may be as they are."""
        match = _pattern(self.uri, tuple(self.parts.values())).fullmatch(uri)
        return match and {name: unquote(value) for name, value in match.groupdict().items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a resource holds, as a client gets it: text, or bytes."""

    uri: str
    mime_type: str
    data: str | bytes

    @property
    def size_bytes(self) -> int:
        data = self.data
        return len(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page that MCP clients show in the chat. `file` is the built page; it asks for the `clipboard`
    or for a `border` around it."""

    name: str
    uri: str
    title: str
    description: str
    file: str
    clipboard: bool = False
    border: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where the whole of something is that a result does not show whole."""

    uri: str
    name: str
    mime_type: str


def found(
    templates: Sequence[ResourceTemplate], uri: str
) -> tuple[ResourceTemplate, dict[str, str]] | None:
    """The kind that a URI is of, with its parts: of several the one with the most."""
    for template in sorted(templates, key=lambda one: -len(one.parts)):
        values = template.values(uri)
        if values is not None:
            return template, values
    return None


@cache
def _pattern(uri: str, kinds: tuple[Completes | None, ...]) -> re.Pattern[str]:
    pieces = PLACEHOLDER.split(uri)
    texts, names = pieces[::2], pieces[1::2]
    pattern = re.escape(texts[0])
    for name, kind, text in zip(names, kinds, texts[1:], strict=True):
        value = ".+" if kind in SLASHED else "[^/]+"
        if kind == "notebook" and text:
            value += r"\.ipynb"  # else a folder that is called as what follows would end the path
        pattern += f"(?P<{name}>{value})" + re.escape(text)
    return re.compile(pattern, re.DOTALL)
