"""The journal itself: what is kept, and what gives way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.journal.entries import Author, Entry, Journal
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.state_file import StateFile

NOW = time.time()
ENTRY = Entry(
    key="key",
    path="é.ipynb",
    change="set_source",
    cell_id="c0",
    cell_type="code",
    index=1,
    to=2,
    count=3,
    before="before \ud800",
    after="after 日本",
    was=("a", None),
    now=(None, "b"),
    author=Author(owner="o", session="s"),
    at=NOW,
    server_session="server",
    loaded="loaded",
    process="process",
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFile]:
    opened = StateFile(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite"])
def new(request: pytest.FixtureRequest, state: StateFile) -> Callable[..., Journal]:
    """Makes a journal with limits."""

    def make(**limits: Any) -> Journal:
        if request.param == "memory":
            return MemoryJournal(**limits)
        return SqliteJournal(state, **limits)

    return make


def texts(journal: Journal, key: str = "key") -> list[str | None]:
    return [entry.after for entry in journal.entries(key)]


def test_entries_come_back_as_they_were_noted(new: Callable[..., Journal]) -> None:
    journal = new()
    other = replace(ENTRY, change="insert", cell_id=None, before=None, to=None, at=NOW + 1)
    assert journal.append([ENTRY, other]) == 2
    assert journal.entries("key") == [replace(ENTRY, number=1), replace(other, number=2)]
    assert journal.entries("other") == []
    assert journal.entries("key", since=NOW + 1) == [replace(other, number=2)]


def test_saved_settles_what_is_pending_up_to_there(new: Callable[..., Journal]) -> None:
    journal = new()
    journal.append([ENTRY, replace(ENTRY, state="failed"), ENTRY, ENTRY])
    journal.append([replace(ENTRY, key="other")])
    journal.saved("key", 3)
    states = [entry.state for entry in journal.entries("key")]
    assert states == ["saved", "failed", "saved", "pending"]
    assert [entry.number for entry in journal.entries("key", states={"pending"})] == [4]
    assert [entry.state for entry in journal.entries("other")] == ["pending"]


def test_what_was_accepted_is_noted_and_what_was_reverted_too(new: Callable[..., Journal]) -> None:
    journal = new()
    journal.append([ENTRY, ENTRY, replace(ENTRY, reverts=(1, 2))])
    entries = journal.entries("key")
    journal.saved("key", 2)
    journal.accept(entries[:2], "acceptance")
    assert [one.accepted for one in journal.entries("key")] == ["acceptance", "acceptance", None]
    assert [one.state for one in journal.entries("key")] == ["saved", "saved", "pending"]
    assert [one.reverts for one in journal.entries("key")] == [(), (), (1, 2)]
    journal.accept(journal.entries("key")[:1], None)
    assert [one.accepted for one in journal.entries("key")] == [None, "acceptance", None]


def test_conflicts_are_untold_until_they_are_told(new: Callable[..., Journal]) -> None:
    journal = new()
    journal.append([ENTRY, ENTRY])
    first, second = journal.entries("key")
    journal.settle([replace(first, state="conflicted"), replace(second, state="conflicted")])
    journal.delivered([1])
    assert [entry.number for entry in journal.undelivered("key")] == [2]
    assert [entry.after for entry in journal.entries("key", states={"conflicted"})] == [
        "after 日本",
        "after 日本",
    ]


def test_the_oldest_settled_entries_give_way_first(new: Callable[..., Journal]) -> None:
    journal = new(kept_entries=10)
    journal.append([replace(ENTRY, after="pending")])
    journal.append([replace(ENTRY, after="conflicted", state="conflicted")])
    for number in range(40):
        journal.append([replace(ENTRY, after=str(number), state="saved")])
    kept = texts(journal)
    assert kept[:2] == ["pending", "conflicted"]
    assert kept[-1] == "39"
    assert len(kept) <= 10
    assert kept[2:] == [str(number) for number in range(42 - len(kept), 40)]


def test_a_notebook_keeps_its_bytes_in_bounds(new: Callable[..., Journal]) -> None:
    journal = new(kept_bytes=100_000)
    large = "x" * 10_000
    for number in range(50):
        journal.append([replace(ENTRY, after=f"{number} {large}", state="saved")])
    assert 5 <= len(texts(journal)) <= 10
    journal.append([replace(ENTRY, after="x" * 1_000_000)])
    assert [len(text or "") for text in texts(journal)] == [1_000_000], "the last one always stays"


def test_unsaved_edits_never_give_way(new: Callable[..., Journal]) -> None:
    journal = new(kept_entries=10)
    journal.append([replace(ENTRY, after="settled", state="saved")])
    rooms: list[str] = []
    for number in range(110):
        rooms.append(journal.room("key"))
        journal.append([replace(ENTRY, after=str(number))])
    assert texts(journal) == [str(number) for number in range(110)]
    assert (rooms[:9], rooms[-20:-11]) == (["free"] * 9, ["low"] * 9)
    assert (journal.room("key"), journal.room("other")) == ("none", "free")
    journal.saved("key", 60)
    assert journal.room("key") == "free"
    journal.append([replace(ENTRY, after="110")])
    assert texts(journal) == [str(number) for number in range(59, 111)]
    assert journal.room("key") == "low"
    journal.saved("key", 1000)
    journal.append([replace(ENTRY, after="111")])
    assert journal.room("key") == "free"
    assert len(texts(journal)) <= 10


def test_many_bytes_of_unsaved_edits_leave_no_room_either(state: StateFile) -> None:
    journal = SqliteJournal(state, kept_bytes=1000)
    rooms = []
    for number in range(30):
        rooms.append(journal.room("key"))
        journal.append([replace(ENTRY, after=f"{number} {'x' * 500}")])
    assert (rooms[0], rooms[5], rooms[-1]) == ("free", "low", "none")
    assert len(texts(journal)) == 30


def test_limits_hold_over_a_restart(state: StateFile) -> None:
    for number in range(5):
        journal = SqliteJournal(state, kept_entries=10)
        for step in range(5):
            journal.append([replace(ENTRY, after=f"{number} {step}", state="saved")])
    assert len(texts(journal)) <= 10


def test_the_old_and_the_too_much_go_at_the_start(state: StateFile) -> None:
    journal = SqliteJournal(state)
    journal.append([replace(ENTRY, at=NOW - 40 * 86_400)])
    journal.append([replace(ENTRY, key="pending", after="x" * 10_000)])
    for number in range(300):
        key = f"notebook {number}"
        journal.append([replace(ENTRY, key=key, after="x" * 1000, state="saved")])
    journal = SqliteJournal(state, kept_total_bytes=200_000)
    assert journal.entries("key") == []
    assert len(journal.entries("pending")) == 1
    assert journal.entries("notebook 0") == []
    assert len(journal.entries("notebook 299")) == 1


def test_all_notebooks_together_stay_in_bounds_while_edits_come(
    new: Callable[..., Journal],
) -> None:
    journal = new(kept_total_bytes=400_000)
    journal.append([replace(ENTRY, key="pending", after="x" * 10_000)])
    for number in range(500):
        key = f"notebook {number % 100}"
        journal.append([replace(ENTRY, key=key, after="x" * 5_000, state="saved")])
        journal.delivered([number])
    kept = [entry for number in range(100) for entry in journal.entries(f"notebook {number}")]
    assert 40 <= len(kept) <= 160
    assert max(entry.number for entry in kept) == 501
    assert min(entry.number for entry in kept) > 300, "the oldest go first"
    assert len(journal.entries("pending")) == 1
    if isinstance(journal, MemoryJournal):
        assert len(journal._delivered) < 200
        assert journal._total == sum(one.size for one in journal._notebooks.values())


def test_what_is_too_old_goes_while_edits_come(state: StateFile) -> None:
    journal = SqliteJournal(state)
    for number in range(150):
        journal.append([replace(ENTRY, key="old", at=NOW, state="saved", after=str(number))])
    state.change("UPDATE changes SET at = ?", time.time() - 40 * 86_400)
    for number in range(150):
        journal.append([replace(ENTRY, at=time.time(), after=str(number), state="saved")])
    assert journal.entries("old") == []
    assert len(journal.entries("key")) == 150


def test_entries_of_other_versions_do_no_harm(state: StateFile) -> None:
    journal = SqliteJournal(state)
    journal.append([ENTRY, ENTRY])
    (text,) = state.one("SELECT data FROM changes WHERE number = 1") or ("",)
    data = {**json.loads(text), "unheard_of": 1}
    del data["cell_type"]
    state.change("UPDATE changes SET data = ? WHERE number = 1", json.dumps(data))
    state.change("UPDATE changes SET data = '{}' WHERE number = 2")
    assert journal.entries("key") == [replace(ENTRY, number=1, cell_type=None)]


def test_a_key_that_is_another_notebook_s_now_has_no_past(new: Callable[..., Journal]) -> None:
    journal = new()
    journal.append([ENTRY, replace(ENTRY, key="other")])
    journal.forget("key")
    assert journal.entries("key") == []
    assert len(journal.entries("other")) == 1


def test_an_author_is_masked() -> None:
    author = Author.of("alice@example.org", "s1")
    assert author == Author.of("alice@example.org", "s1")
    assert author != Author.of("bob", "s1")
    assert author.owner != Author.of("bob", "s1").owner
    assert "alice" not in repr(author)
