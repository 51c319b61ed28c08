"""Lines of one text that two sides changed are joined where they can be."""

from __future__ import annotations

import pytest

from jmcp_jupyter.documents.live.merge.line_merge import merged_text

BASE = "one\ntwo\nthree\nfour"


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ("ONE\ntwo\nthree\nfour", "one\ntwo\nthree\nFOUR", "ONE\ntwo\nthree\nFOUR"),
        ("ONE\ntwo\nthree\nfour", "one\nTWO\nthree\nfour", "ONE\nTWO\nthree\nfour"),
        ("one\ntwo\nthree\nfour, typed", "one\ntwo\nthree\nfour\nfive", None),
        ("one\ntwo\nthree\nfour!", "zero\none\ntwo\nthree\nfour", "zero\none\ntwo\nthree\nfour!"),
        ("two\nthree\nfour", "one\ntwo\nthree", "two\nthree"),
        ("one\nthree\nfour", "one\ntwo, too\nthree\nfour", "one\ntwo, too\nthree\nfour"),
        (BASE + "\nfive", BASE + "\nfive", BASE + "\nfive"),
        (BASE + "\nfive and six", BASE + "\nfive", BASE + "\nfive and six"),
        (BASE, "", ""),
        ("", BASE, ""),
    ],
)
def test_both_sides_stand(mine: str, theirs: str, both: str | None) -> None:
    """Side by side, one text that goes on from the other, and the edit of a deleted line."""
    expected = "one\ntwo\nthree\nfour, typed\nfive" if both is None else both
    merged = merged_text(BASE, mine, theirs)
    assert (merged.text, merged.collided) == (expected, False)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("one\nzwei\nthree\nfour", "one\ndeux\nthree\nfour"),
        (BASE + "\nfive", BASE + "\nsix"),
        ("zero\n" + BASE, "nought\n" + BASE),
        ("a\nb\nthree\nfour", "one\nc\nd\nfour"),
    ],
)
def test_the_same_lines_collide(mine: str, theirs: str) -> None:
    merged = merged_text(BASE, mine, theirs)
    assert (merged.text, merged.collided) == (mine, True)


def test_a_text_typed_into_an_empty_cell_goes_on() -> None:
    assert merged_text("", "x = 1", "x = 12").text == "x = 12"
    assert merged_text("", "x = 1", "y = 2").collided
