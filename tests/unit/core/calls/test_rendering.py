"""Numbers in texts, with the words for what they count."""

from __future__ import annotations

import pytest

from jmcp.core.calls.rendering import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("cell",), "0 cells"),
        (1, ("cell",), "1 cell"),
        (2, ("cell",), "2 cells"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_a_number_has_the_right_word(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said
