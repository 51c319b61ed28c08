"""One member set or removed in JSON as people and editors write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmcp.clients.jsonc import NotJson, parsed, with_member, without_member

SERVER = {"command": "/bin/jmcp", "args": ["connect"]}

COMMENTED = """\
// My servers
{
    /* a block */
    "servers": {
        "other": { "command": "x" }, // the other one
    },
    "inputs": [], // none
}
"""
COMMENTED_AFTER = """\
// My servers
{
    /* a block */
    "servers": {
        "other": { "command": "x" }, // the other one
        "jmcp": {
            "command": "/bin/jmcp",
            "args": [
                "connect"
            ]
        },
    },
    "inputs": [], // none
}
"""


def test_comments_and_trailing_commas_stay() -> None:
    assert with_member(COMMENTED, "servers", "jmcp", SERVER) == COMMENTED_AFTER
    assert without_member(COMMENTED_AFTER, "servers", "jmcp") == COMMENTED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "s": {\n    "jmcp": 1\n  }\n}\n'),
        (" \n", '{\n  "s": {\n    "jmcp": 1\n  }\n}\n'),
        ("{}", '{\n  "s": {\n    "jmcp": 1\n  }\n}'),
        ("{ // c\n}\n", '{ // c\n  "s": {\n    "jmcp": 1\n  }\n}\n'),
        ('{"a": 1}', '{"a": 1, "s": {"jmcp": 1}}'),
        ('{"s": {"b": 1}, "a": 2}', '{"s": {"b": 1, "jmcp": 1}, "a": 2}'),
        ('{"s": {"b": 1,}}', '{"s": {"b": 1, "jmcp": 1}}'),
        ('{"s": {"jmcp": {"old": true}}}', '{"s": {"jmcp": 1}}'),
        ('{\r\n\t"a": 1\r\n}\r\n', '{\r\n\t"a": 1,\r\n\t"s": {\r\n\t\t"jmcp": 1\r\n\t}\r\n}\r\n'),
        ('{\n  "a": 1 // last\n}', '{\n  "a": 1, // last\n  "s": {\n    "jmcp": 1\n  }\n}'),
        ('\ufeff{"a": 1}', '\ufeff{"a": 1, "s": {"jmcp": 1}}'),
        ('{"a": "}, // \\" "}', '{"a": "}, // \\" ", "s": {"jmcp": 1}}'),
    ],
)
def test_a_member_is_added_in_the_style_of_the_file(before: str, after: str) -> None:
    assert with_member(before, "s", "jmcp", 1) == after
    assert with_member(after, "s", "jmcp", 1) == after


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "nonsense",
        '{"s": 1}',
        '{"s": []}',
        '{"s": {}, "s": {}}',
        '{"a": 1',
        '{"a" 1}',
        '{"a": 1 "b": 2}',
        '{"a": 1} x',
        '{"a": /* 1}',
        '{"a": tru}',
        '{"a": ' + "[" * 1000 + "}",
    ],
)
def test_what_cannot_be_changed_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        with_member(text, "s", "jmcp", 1)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
ROOTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES).flatmap(
    lambda root: (
        st.dictionaries(st.sampled_from(["x", "jmcp", "y"]), VALUES).map(
            lambda servers: root | {"servers": servers}
        )
        | st.just(root)
    )
)


# Drawing such values is what takes long where the machine is busy.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ROOTS, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_nothing_else_changes(
    root: dict[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(root, indent=indent, ensure_ascii=ascii_only)
    servers = root.get("servers", {})
    assert isinstance(servers, dict)
    changed = with_member(text, "servers", "jmcp", SERVER)
    assert json.loads(changed) == root | {"servers": servers | {"jmcp": SERVER}}
    removed = without_member(changed, "servers", "jmcp")
    left = {key: value for key, value in servers.items() if key != "jmcp"}
    assert parsed(removed) == root | {"servers": left}
    if "servers" in root and left and "jmcp" not in servers:
        assert removed == text
