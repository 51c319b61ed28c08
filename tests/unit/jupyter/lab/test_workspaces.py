"""Workspaces of JupyterLab: their names, and whatever is found in them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmcp_jupyter.lab.workspaces import (
    TABS_OF_WORKSPACE,
    decoded,
    focused_workspace,
    tabs_of,
    workspace_name,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries(
    {"data": JSON | st.fixed_dictionaries({"path": JSON | st.just("a.ipynb"), "factory": JSON})}
)


def test_a_focused_workspace_is_read_back_as_one_tab() -> None:
    (tab,) = tabs_of(focused_workspace("w", "sub/a.ipynb"), "?")
    assert (tab.path, tab.workspace, tab.factory, tab.current) == (
        "sub/a.ipynb",
        "w",
        "Notebook",
        True,
    )


def test_names_differ_whatever_the_paths_have_in_common() -> None:
    paths = [
        "a/b.ipynb",
        "a-b.ipynb",
        "a b.ipynb",
        "A-b.ipynb",
        "a/b-.ipynb",
        "會.ipynb",
        "🎉.ipynb",
    ]
    names = [workspace_name(path) for path in paths]
    names += [workspace_name("a/b.ipynb", name) for name in ("b", "a/b.ipynb")]
    names += [workspace_name("x" * 500 + f"{number}.ipynb") for number in range(2)]
    # JupyterLab's files have its names in lower case.
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name) for name in names)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "{", "", b"\xff"])
def test_text_that_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decoded(text)


def saved(**entries: Any) -> dict[str, Any]:
    return {"data": entries, "metadata": {"id": "w"}}


@pytest.mark.parametrize(
    "about",
    [
        {"path": "../out.ipynb"},
        {"path": "/etc/a.ipynb"},
        {"path": "a\nb.ipynb"},
        {"path": "a\u202eb.ipynb"},
        {"path": "\ud800.ipynb"},
        {"path": "x" * 10_000 + ".ipynb"},
        {"path": "note.txt"},
        {"path": 3},
        {},
        None,
    ],
)
def test_a_tab_that_names_no_notebook_is_passed_over(about: Any) -> None:
    good = {"data": {"path": "a.ipynb", "factory": "x" * 1000}}
    (tab,) = tabs_of(saved(odd={"data": about}, good=good), "?")
    assert (tab.path, tab.factory) == ("a.ipynb", None)


def test_a_workspace_with_very_many_tabs_is_cut() -> None:
    entries = {f"n{number}": {"data": {"path": f"{number}.ipynb"}} for number in range(2000)}
    assert len(list(tabs_of(saved(**entries), "?"))) == TABS_OF_WORKSPACE


@given(st.dictionaries(st.text(max_size=8), ENTRY | JSON), JSON, JSON)
def test_whatever_is_in_it_is_read_or_refused(
    entries: dict[str, Any], layout: Any, metadata: Any
) -> None:
    data = entries | {"layout-restorer:data": layout}
    for tab in tabs_of({"data": data, "metadata": metadata}, "?"):
        assert tab.path == "a.ipynb"


@given(JSON)
def test_what_is_no_workspace_is_said_to_be_none(found: Any) -> None:
    if not (isinstance(found, dict) and isinstance(found.get("data"), dict)):
        with pytest.raises(ValueError, match=r".*"):
            list(tabs_of(found, "?"))
