"""Line diffs: what they find, and that no texts make them work for long."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from jmcp.core.editing.line_diff import DiffBudget, line_changes
from jmcp_handlers.support.diffs import diff
from jmcp_jupyter.documents.live.y_data import replace_text
from tests.work import lines_run

LINES = st.lists(st.sampled_from("abcdé"), max_size=20)
MOST_LINES = 1_500_000
"""Of Python: some 75 milliseconds. Without a bound, the pairs below take 10 to 1000 times that."""


def applied(old: Sequence[str], new: Sequence[str], budget: DiffBudget) -> list[str]:
    made: list[str] = []
    at = 0
    for change in line_changes(old, new, budget):
        assert at <= change.old_start <= change.old_stop
        made += [*old[at : change.old_start], *new[change.new_start : change.new_stop]]
        at = change.old_stop
    return [*made, *old[at:]]


@settings(deadline=None, max_examples=300)
@given(old=LINES, new=LINES, left=st.sampled_from([0, 1, 10, 40, 100, 50_000]))
def test_the_changes_make_the_new_text_of_the_old_one(
    old: list[str], new: list[str], left: int
) -> None:
    """However little may be compared."""
    assert applied(old, new, DiffBudget(left)) == new
    document: Doc[Text] = Doc()
    text = document.get("text", type=Text)
    text += "\n".join(old)
    replace_text(text, "\n".join(new), DiffBudget(left))
    assert str(text) == "\n".join(new)


def test_lines_that_repeat_are_told_apart() -> None:
    old = ["x"] * 9
    new = ["x"] * 3 + ["y"] + ["x"] * 3 + ["z"] + ["x"] * 3
    assert [(one.old_stop - one.old_start, one.size) for one in line_changes(old, new)] == [
        (0, 1),
        (0, 1),
    ]


def test_a_diff_reads_as_ever() -> None:
    before = "\n".join(f"line {number}" for number in range(20))
    after = (
        before.replace("line 3", "LINE 3").replace("line 15\n", "").replace("line 5\n", "5\n6\n")
    )
    assert diff(before, after) == "\n".join(
        [
            "--- before",
            "+++ after",
            "@@ -2,7 +2,8 @@",
            " line 1",
            " line 2",
            "-line 3",
            "+LINE 3",
            " line 4",
            "-line 5",
            "+5",
            "+6",
            " line 6",
            " line 7",
            "@@ -14,5 +15,4 @@",
            " line 13",
            " line 14",
            "-line 15",
            " line 16",
            " line 17",
        ]
    )
    assert diff("", "new") == "--- before\n+++ after\n@@ -0,0 +1 @@\n+new"
    assert diff("same", "same") is None


def _random(kinds: int, count: int) -> Callable[[], list[str]]:
    def made() -> list[str]:
        choice = random.Random(count)
        return [f"l{choice.randrange(kinds)}" for _ in range(count)]

    return made


HOSTILE = {
    "equal lines, shifted": (["x"] * 900, ["odd", *["x"] * 900, "y"]),
    "equal lines of a 99 kB source": (["x"] * 49_000, ["y", *["x"] * 48_000, "z", "x"]),
    "two kinds of lines at random": (_random(2, 2_000)(), _random(2, 2_001)()),
    "hundred kinds of lines": (_random(100, 20_000)(), _random(100, 20_001)()),
    "nothing in common": ([f"a{i}" for i in range(9_000)], [f"b{i}" for i in range(9_000)]),
    "every second line": (
        [str(i) for i in range(9_000)],
        [str(i) if i % 2 else f"n{i}" for i in range(9_000)],
    ),
    "runs that change places": (["x"] * 9_000 + ["y"] * 9_000, ["y"] * 9_000 + ["x"] * 9_000),
    "the other way round": (
        [str(i) for i in range(12_000)],
        [str(12_000 - i) for i in range(12_000)],
    ),
}


@pytest.mark.parametrize(("old", "new"), HOSTILE.values(), ids=HOSTILE)
def test_no_two_texts_take_long(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    document: Doc[Text] = Doc()
    text = document.get("text", type=Text)
    text += before

    def both() -> None:
        replace_text(text, after)
        diff(before, after)

    lines_run(both, most=MOST_LINES)
    assert str(text) == after


def test_many_edits_share_one_budget() -> None:
    """As when a recovery makes a thousand edits again."""
    old, new = _random(2, 900)(), _random(2, 901)()

    def all_of_them() -> None:
        budget = DiffBudget()
        for _ in range(300):
            line_changes(old, new, budget)

    lines_run(all_of_them, most=MOST_LINES)


def test_what_somebody_appends_meanwhile_comes_behind_the_word_that_is_replaced() -> None:
    mine: Doc[Any] = Doc()
    theirs: Doc[Any] = Doc()
    mine["text"] = text = Text("x = value1\ny = 1")
    theirs.apply_update(mine.get_update())
    other = theirs.get("text", type=Text)
    other.insert(len("x = value1"), " + more")
    replace_text(text, "x = value2 * 3\ny = 1")
    mine.apply_update(theirs.get_update())
    assert str(text) == "x = value2 * 3 + more\ny = 1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab", "abc"),
        ("abc", "ab"),
        ("abc", "xbc"),
        ("aa", "aaa"),
        ("aba", "a"),
        ("foo(bar)", "foo(baz)"),
        ("w" * 500, "w" * 499 + "v"),
        ("v" + "w" * 500, "w" * 500),
        ("one two", "one 2 two"),
        ("", "word"),
        ("word", ""),
        ("ä b", "ä c"),
    ],
)
def test_words_are_replaced_whole(before: str, after: str) -> None:
    doc: Doc[Any] = Doc()
    doc["text"] = text = Text(before)
    replace_text(text, after)
    assert str(text) == after
