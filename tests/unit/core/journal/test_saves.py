"""Which entries a file has, by the versions of the document."""

from __future__ import annotations

from jmcp.core.journal.saves import MARKS, Saves


def test_a_version_speaks_for_what_was_made_by_then() -> None:
    saves = Saves()
    for version, number in ((3, 10), (7, 11), (9, 14)):
        saves.note("a", version, number)
    assert [saves.upto("a", version) for version in (None, 2, 3, 8, 9, 99)] == [
        None,
        None,
        10,
        11,
        14,
        14,
    ]
    assert saves.upto("b", 99) is None
    saves.settled("a", 11)
    assert saves.upto("a", 8) is None
    assert saves.left("a")
    saves.settled("a", 14)
    assert not saves.left("a")


def test_nothing_is_settled_too_early() -> None:
    saves = Saves()
    saves.note("a", 5, 1)
    saves.note("a", 5, 2)
    saves.note("a", 4, 3)  # noted late, by somebody who was overtaken
    assert saves.upto("a", 4) is None
    assert saves.upto("a", 5) == 3


def test_another_document_counts_anew() -> None:
    saves = Saves()
    saves.note("a", 500, 1)
    saves.forget("a")
    assert not saves.left("a")
    saves.note("a", 2, 1)
    assert saves.upto("a", 2) == 1


def test_a_file_that_is_never_saved_costs_little() -> None:
    saves = Saves()
    for number in range(10 * MARKS):
        saves.note("a", number, number)
        assert len(saves._marks["a"]) <= MARKS
        assert saves.upto("a", number) == number
    for version in range(0, 10 * MARKS, 97):
        upto = saves.upto("a", version)
        assert upto is None or upto <= version
