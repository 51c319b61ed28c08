"""A file that somebody wrote over without the edits it had: noticed, and told with their texts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from tests.fakes.jmcp import FakeJmcp


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    """Without collaboration, with a notebook of three cells, and a journal."""
    made = FakeJmcp(mode="file")
    made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
    recorder = JournalRecorder(made.documents, MemoryJournal(), phrases=phrases, clock=made.clock)
    made.options = {"recorder": recorder}
    async with made.running():
        yield made


async def notices(jmcp: FakeJmcp, session: str) -> list[dict[str, Any]]:
    read = await jmcp.call("read_notebook", session_id=session)
    return [one for one in read["notices"] if "overwritten" in one["code"]]


async def test_what_an_overwrite_took_is_told_once_to_each_session(jmcp: FakeJmcp) -> None:
    session, other = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb")
    tab = jmcp.documents.text("a.ipynb")
    assert tab is not None
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=-1, cell_type="code", cell_source="mine"
    )
    for source in ("print(x + 1)", "print(x + 2)"):
        await jmcp.call(
            "overwrite_cell_source", session_id=session, cell_id="c1", cell_source=source
        )
    await jmcp.call("delete_cell", session_id=session, cell_ids=["c2"])
    assert await notices(jmcp, session) == []
    jmcp.documents.put_text("a.ipynb", tab)
    for reader in (session, other):
        told = await notices(jmcp, reader)
        texts = {one["details"].get("text") for one in told}
        assert texts == {"mine", "print(x + 2)", None}, told
        (deleted,) = [one for one in told if one["code"] == "edit_overwritten"]
        assert "cell c2 had been deleted" in deleted["message"]
        assert await notices(jmcp, reader) == []


async def test_it_is_told_by_an_edit_too_and_the_edit_is_made(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    tab = jmcp.documents.text("a.ipynb")
    assert tab is not None
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=0, cell_type="code", cell_source="mine"
    )
    jmcp.documents.put_text("a.ipynb", tab)
    made = await jmcp.call(
        "insert_cell",
        session_id=session,
        after_cell_id="c0",
        cell_type="code",
        cell_source="again",
    )
    assert "text_overwritten" in [one["code"] for one in made["notices"]]
    assert jmcp.documents.sources("a.ipynb") == ["x = 6", "again", "print(x)", "x * 7"]


async def test_the_next_process_notices_it(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    tab = jmcp.documents.text("a.ipynb")
    assert tab is not None
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=0, cell_type="code", cell_source="mine"
    )
    jmcp.documents.put_text("a.ipynb", tab)
    journal = jmcp.options["recorder"].journal
    recorder = JournalRecorder(jmcp.documents, journal, phrases=phrases, clock=jmcp.clock)
    jmcp.dispatcher.leases.recorder = recorder
    assert [one["details"]["text"] for one in await notices(jmcp, session)] == ["mine"]


async def test_what_somebody_edited_on_is_not_lost(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    for cell_id, source in (("c0", "x = 7"), ("c0", "x = 8"), ("c1", "print(x, x)")):
        await jmcp.call(
            "overwrite_cell_source", session_id=session, cell_id=cell_id, cell_source=source
        )
    jmcp.documents.type_over("a.ipynb", "c0", "x = 9")
    jmcp.documents.type_over("a.ipynb", "c2", "print(x, x)")
    jmcp.documents.type_over("a.ipynb", "c1", "print(x)")
    assert await notices(jmcp, session) == []


async def test_an_agent_that_goes_back_itself_is_told_nothing(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    for source in ("x = 7", "x = 6", "x = 7", "x = 6"):
        await jmcp.call(
            "overwrite_cell_source", session_id=session, cell_id="c0", cell_source=source
        )
        assert await notices(jmcp, session) == []
