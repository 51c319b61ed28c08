"""Results as text: what a model reads. The templates come from the spec, one a result type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, Template

from jmcp.core.errors import ToolError


def tsv(value: object) -> str:
    """A value as one field of a tab-separated line; None is an empty one."""
    if value is None:
        return ""
    return str(value).replace("\t", " ").replace("\r", "").replace("\n", "\\n")


class Texts:
    """Compiled on first use: a server that never answers a tool never pays for its template."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._compiled: dict[str, Template] = {}
        # Text for a model, not HTML: nothing here is ever shown as markup. An absent optional
        # field reads as empty; a misspelt one never gets here, since codegen checks every name.
        self._environment = Environment(
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._environment.filters["tsv"] = tsv

    def result(self, type_name: str, data: Mapping[str, Any]) -> str:
        """The text of a result: its template, then its notices."""
        template = self._compiled.get(type_name)
        if template is None:
            template = self._environment.from_string(self._sources[type_name])
            self._compiled[type_name] = template
        text = template.render(data).rstrip()
        notices = data.get("notices") or ()
        lines = [f"Notice ({notice['code']}): {notice['message']}" for notice in notices]
        return "\n".join([text, *lines])

    @staticmethod
    def error(error: ToolError) -> str:
        """The text of an error: what happened, then the code that programs go by."""
        return f"{error.message}\n(error: {error.code})"
