"""One member of an object in JSON, with or without comments: set or removed, and all else left as it is.

Editors write their settings as JSON with comments and trailing commas. No library for Python that is
kept up changes such a text in place, so this finds where its members are, and changes the text there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
SAME_LINE = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/)?")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
SCALAR = re.compile(r"[-+.\w]+")
MAX_DEPTH = 200
BOM = "\ufeff"


class NotJson(ValueError):
    """A text that is no JSON with comments, or whose structure leaves no place for the member."""


@dataclass(slots=True)
class Node:
    """A value, and from where to where its text is. `members` are those of an object."""

    begin: int
    end: int
    value: Any
    members: dict[str, Member] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Member:
    """A member of an object, which begins with its name."""

    begin: int
    node: Node


def parsed(text: str) -> Any:
    """The data of a text; of an empty one, an empty object. Raises NotJson."""
    return _root(text).value


def with_member(text: str, section: str, name: str, value: Any) -> str:
    """The text with that member in that object of the root, which is made where it is missing.

    Raises NotJson.
    """
    root = _root(text)
    if not text.removeprefix(BOM).strip():
        whole = json.dumps({section: {name: value}}, indent=2, ensure_ascii=False)
        return f"{text[: len(text) - len(text.removeprefix(BOM))]}{whole}\n"
    holder = _section(root, section)
    if holder is None:
        changed = _inserted(text, root, section, {name: value})
    elif name in holder.members:
        node = holder.members[name].node
        shown = _shown(value, _indent_at(text, holder.members[name].begin) or "", text)
        changed = text[: node.begin] + shown + text[node.end :]
    else:
        changed = _inserted(text, holder, name, value)
    return _checked(changed, root.value | {section: {**root.value.get(section, {}), name: value}})


def without_member(text: str, section: str, name: str) -> str:
    """The text without that member. Raises NotJson."""
    root = _root(text)
    holder = _section(root, section)
    if holder is None or name not in holder.members:
        return text
    member = holder.members[name]
    begin, end = member.begin, member.node.end
    after = BLANK.match(text, end)
    assert after is not None
    if text[after.end()] == ",":
        end = after.end() + 1
    else:
        earlier = [one.node.end for one in holder.members.values() if one.node.end < begin]
        if earlier:  # its comma goes, and what is between that and the member stays
            comma = _comma(text, max(earlier))
            if comma is not None:
                text = text[:comma] + text[comma + 1 :]
                begin, end = begin - 1, end - 1
    # With its line, where that has nothing else.
    line = text.rfind("\n", 0, begin) + 1
    rest = re.compile(r"[ \t]*\r?\n").match(text, end)
    if not text[line:begin].strip() and rest is not None:
        begin, end = line, rest.end()
    elif text[line:begin].strip() and text[end : end + 1] not in (" ", "\t"):
        begin = line + len(text[line:begin].rstrip())
    changed = text[:begin] + text[end:]
    left = {key: one for key, one in root.value[section].items() if key != name}
    return _checked(changed, root.value | {section: left})


def _checked(text: str, expected: Any) -> str:
    """The text, if its data is as it should be. Raises NotJson."""
    if parsed(text) != expected:
        raise NotJson("the change would lose something")
    return text


def _section(root: Node, section: str) -> Node | None:
    if section in root.repeated:
        raise NotJson(f"{section} is there twice")
    member = root.members.get(section)
    if member is None:
        return None
    if not isinstance(member.node.value, dict):
        raise NotJson(f"{section} is not an object")
    return member.node


def _inserted(text: str, holder: Node, name: str, value: Any) -> str:
    """The text with a new last member."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    outer = _indent_at(text, holder.begin, anywhere=True) or ""
    if not holder.members:
        inner = text[holder.begin + 1 : holder.end - 1].rstrip()
        indent = outer + _unit(text)
        entry = f"{json.dumps(name)}: {_shown(value, indent, text)}"
        filled = f"{{{inner}{line_end}{indent}{entry}{line_end}{outer}}}"
        return text[: holder.begin] + filled + text[holder.end :]
    last = list(holder.members.values())[-1]
    first = next(iter(holder.members.values()))
    own_lines = _indent_at(text, first.begin)
    comma = _comma(text, last.node.end)
    if own_lines is None:
        entry = f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        at = last.node.end if comma is None else comma + 1
        return text[:at] + ("," if comma is None else "") + entry + text[at:]
    entry = f"{line_end}{own_lines}{json.dumps(name)}: {_shown(value, own_lines, text)}"
    if comma is None:
        rest = SAME_LINE.match(text, last.node.end)
        assert rest is not None
        note = text[last.node.end : rest.end()].rstrip()
        at = last.node.end + len(note)
        return text[: last.node.end] + "," + note + entry + text[at:]
    rest = SAME_LINE.match(text, comma + 1)
    assert rest is not None
    at = comma + 1 + len(text[comma + 1 : rest.end()].rstrip())
    return text[:at] + entry + "," + text[at:]


def _comma(text: str, end: int) -> int | None:
    """Where the comma after a value is, if there is one."""
    blank = BLANK.match(text, end)
    assert blank is not None
    return blank.end() if text[blank.end()] == "," else None


def _shown(value: Any, indent: str, text: str) -> str:
    """A value as it stands in the text, after a name with that indentation."""
    shown = json.dumps(value, indent=_unit(text), ensure_ascii=False)
    line_end = "\r\n" if "\r\n" in text else "\n"
    return shown.replace("\n", f"{line_end}{indent}")


def _unit(text: str) -> str:
    """One step of indentation: that of the first line which has any."""
    found = re.search(r"^([ \t]+)[\"/]", text, re.MULTILINE)
    return found[1] if found else "  "


def _indent_at(text: str, at: int, *, anywhere: bool = False) -> str | None:
    """The indentation of the line there; None where something else is before that place."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix(BOM)
    indent = line[: len(line) - len(line.lstrip())]
    return indent if anywhere or not line.strip() else None


def _root(text: str) -> Node:
    if not text.removeprefix(BOM).strip():
        return Node(0, len(text), {})
    begin = len(BOM) if text.startswith(BOM) else 0
    node = _node(text, _blank(text, begin), 0)
    if _blank(text, node.end) != len(text):
        raise NotJson(f"there is more after its end, in {_place(text, _blank(text, node.end))}")
    if not isinstance(node.value, dict):
        raise NotJson("it is not an object")
    return node


def _node(text: str, at: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise NotJson("it is nested too deeply")
    if text.startswith("{", at):
        return _object(text, at, depth)
    if text.startswith("[", at):
        return _array(text, at, depth)
    found = STRING.match(text, at) or SCALAR.match(text, at)
    if found is None:
        raise NotJson(f"a value is missing in {_place(text, at)}")
    try:
        return Node(at, found.end(), json.loads(found[0]))
    except ValueError:
        raise NotJson(f"{found[0][:40]} is not a value, in {_place(text, at)}") from None


def _object(text: str, begin: int, depth: int) -> Node:
    node = Node(begin, begin, {})
    at = _blank(text, begin + 1)
    while not text.startswith("}", at):
        name = STRING.match(text, at)
        if name is None:
            raise NotJson(f"a name is missing in {_place(text, at)}")
        key = json.loads(name[0])
        colon = _blank(text, name.end())
        if not text.startswith(":", colon):
            raise NotJson(f"a colon is missing in {_place(text, colon)}")
        value = _node(text, _blank(text, colon + 1), depth + 1)
        if key in node.members:
            node.repeated.add(key)
        node.members[key] = Member(at, value)
        node.value[key] = value.value
        at = _next(text, value.end, "}")
    node.end = at + 1
    return node


def _array(text: str, begin: int, depth: int) -> Node:
    values = []
    at = _blank(text, begin + 1)
    while not text.startswith("]", at):
        value = _node(text, at, depth + 1)
        values.append(value.value)
        at = _next(text, value.end, "]")
    return Node(begin, at + 1, values)


def _next(text: str, end: int, closing: str) -> int:
    """Where the next member or the end is, past a comma."""
    at = _blank(text, end)
    if text.startswith(",", at):
        return _blank(text, at + 1)
    if not text.startswith(closing, at):
        raise NotJson(f"a comma or {closing} is missing in {_place(text, at)}")
    return at


def _blank(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    assert found is not None  # it matches the empty string
    return found.end()


def _place(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}"
