"""Looking after edits until their file has them, also after errors that nobody expected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from jmcp.core import background
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from tests.fakes.faults import Faults
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10


class TellingJournal(MemoryJournal):
    """`settled` is set once entries are known to be saved."""

    def __init__(self) -> None:
        super().__init__()
        self.settled = asyncio.Event()

    def saved(self, key: str, upto: int) -> None:
        super().saved(key, upto)
        self.settled.set()


@pytest.fixture
def journal() -> TellingJournal:
    return TellingJournal()


@pytest.fixture
async def jmcp(journal: TellingJournal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeJmcp]:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)
    faults = Faults()
    made = FakeJmcp(faults=faults)
    made.options = {
        "recorder": JournalRecorder(made.documents, journal, phrases=phrases, look_seconds=0.01)
    }
    made.documents.write("a.ipynb", "6 * 7")
    async with made.running():
        yield made


@pytest.mark.parametrize("point", ["documents.current", "documents.open", "document.read"])
async def test_an_unexpected_error_does_not_end_it(
    jmcp: FakeJmcp, journal: TellingJournal, point: str
) -> None:
    session_id = await jmcp.open("a.ipynb")
    await jmcp.call(
        "insert_cell", session_id=session_id, cell_type="code", cell_source="x", cell_index=0
    )
    assert journal.pending()
    failures = background.failures["journal"]
    jmcp.faults.fail(point, ValueError("a bug"))
    await jmcp.documents.save(await jmcp.documents.identify("a.ipynb"))
    await asyncio.wait_for(journal.settled.wait(), SECONDS)
    assert not journal.pending()
    assert background.failures["journal"] == failures + 1
