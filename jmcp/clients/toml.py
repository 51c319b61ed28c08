"""One table of a TOML file: set or removed, with comments and order kept."""

from __future__ import annotations

import tomllib
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable


class NotToml(ValueError):
    """A text that is no TOML, or whose structure leaves no place for the table."""


def parsed(text: str) -> dict[str, Any]:
    """Raises NotToml."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotToml(str(error)) from error


def with_member(text: str, section: str, name: str, value: Any) -> str:
    """The text with that table below the section. Raises NotToml."""
    before = parsed(text)
    document = _document(text)
    if section not in document:
        document[section] = tomlkit.table(is_super_table=True)
    holder: Any = document[section]
    if not isinstance(holder, dict):
        raise NotToml(f"{section} is not a table")
    known = holder.get(name)
    if isinstance(known, AbstractTable) and not isinstance(known, tomlkit.items.InlineTable):
        for key in [key for key in known if key not in value]:
            del known[key]
        known.update(value)
    else:
        table = tomlkit.table()
        table.update(value)
        holder[name] = table
    expected = before | {section: {**before.get(section, {}), name: value}}
    return _checked(tomlkit.dumps(document), expected)


def without_member(text: str, section: str, name: str) -> str:
    """The text without that table. Raises NotToml."""
    before = parsed(text)
    if name not in before.get(section, {}):
        return text
    document = _document(text)
    holder: Any = document[section]
    del holder[name]
    left = {key: one for key, one in before[section].items() if key != name}
    expected = before | {section: left}
    if not left:
        del document[section]
        expected.pop(section)
    return _checked(tomlkit.dumps(document), expected)


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise NotToml(str(error)) from error


def _checked(text: str, expected: Any) -> str:
    if parsed(text) != expected:
        raise NotToml("the change would lose something")
    return text
