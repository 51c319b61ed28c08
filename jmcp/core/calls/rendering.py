"""Results as text for a model, made with the templates of the spec: one for each result type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, Template

from jmcp.core.errors import ToolError
from jmcp.core.sentences import Phrases


def tsv(value: object) -> str:
    """A value as one field of a tab-separated line; None is an empty one."""
    if value is None:
        return ""
    return str(value).replace("\t", " ").replace("\r", "").replace("\n", "\\n")


def counted(number: int, one: str, several: str | None = None) -> str:
    """A number and the word for what it counts; `several` where that is not `one` and an s."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


PATH = "notebook_path }}"


class DataEnvironment(Environment):
    """Templates whose data is JSON: a name is looked for among the keys first, and only then among
    the attributes. Jinja does it the other way round, which is an exception each time."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


# Text for a model, not HTML: nothing here is ever shown as markup. An absent optional field reads as
# empty; a misspelt one never gets here, since codegen checks every name.
ENVIRONMENT = DataEnvironment(
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=False,
)
ENVIRONMENT.filters |= {"tsv": tsv, "counted": counted}


@cache
def compiled(source: str) -> Template:
    """The template, once for all servers of this process: it takes 20 ms of CPU."""
    return ENVIRONMENT.from_string(source)


class Texts:
    """The templates of a server, each compiled when it is first used."""

    def __init__(self, sources: Mapping[str, str], phrases: Phrases) -> None:
        self._sources = sources
        self._phrases = phrases
        self._compiled: dict[str, Template] = {}
        self._said: dict[str, frozenset[str]] = {}
        self.with_path = frozenset(name for name, text in sources.items() if PATH in text)
        """Types whose text says which notebook it is about."""
        self._where: Mapping[str, Callable[..., str]] = {
            "notebook_path": phrases.of_notebook,
            "session_id": phrases.of_session,
            "document": phrases.of_document,
        }

    def result(self, type_name: str, data: Mapping[str, Any]) -> str:
        """The text of a result: its template, where it was done, then its notices.

        `data` has all fields of the result, defaults too, and what there is to say of its session.
        """
        template = self._compiled.get(type_name)
        if template is None:
            source = self._sources[type_name]
            template = self._compiled[type_name] = compiled(source)
            self._said[type_name] = frozenset(name for name in self._where if name in source)
        text = template.render(data).rstrip()
        said = self._said[type_name]
        where = [
            told(**{name: data[name]})
            for name, told in self._where.items()
            if name in data and name not in said
        ]
        notices = data.get("notices") or ()
        lines = [
            self._phrases.notice_line(code=notice["code"], message=notice["message"])
            for notice in notices
        ]
        if where:
            lines.insert(0, f"({', '.join(where)})")
        return "\n".join([text, *lines])

    def error(self, error: ToolError) -> str:
        """The text of an error: what happened, then the code that programs go by."""
        return self._phrases.error_lines(message=error.message, code=error.code)
