"""Rooms that Jupyter gives up, people who come and go in them, and autosave switched off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pycrdt import Awareness, create_awareness_message

from tests.ports.documents.tab import Tab, until
from tests.scenarios.outages.agent import NOT_RECOVERED, Editor
from tests.scenarios.outages.remote_setup import CLEANUP_SECONDS, RemoteSetup
from tests.scenarios.outages.test_network import edits_work
from tests.thorough import thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def tab(setup: RemoteSetup, path: str) -> AsyncIterator[Tab]:
    """A person's browser tab, which does not go by way of the network that breaks."""
    opened = await Tab.at(setup.jupyter.url, setup.jupyter.token, path)
    try:
        yield opened
    finally:
        await opened.close()


@thorough
async def test_a_room_that_jupyter_gave_up_is_opened_again(setup: RemoteSetup) -> None:
    ledger = setup.write("given up.ipynb", 8)
    await setup.agent.open("given up.ipynb")
    editor = Editor(setup.agent, ledger, seed=11)
    for _ in range(2):
        await edits_work(setup, editor)  # not saved yet
        setup.net.cut()
        await asyncio.sleep(CLEANUP_SECONDS + 2)
        setup.net.mend()
        ledger.check((await setup.agent.cells()).items())
        await edits_work(setup, editor)
    assert not ledger.doubtful
    await setup.settled("given up.ipynb", ledger)
    assert setup.agent.notices_of(*NOT_RECOVERED) == []


async def test_a_person_comes_and_goes(setup: RemoteSetup) -> None:
    ledger = setup.write("visited.ipynb", 8)
    await setup.agent.open("visited.ipynb")
    editor = Editor(setup.agent, ledger, seed=12)
    for visit in range(3):
        async with tab(setup, "visited.ipynb") as person:
            await edits_work(setup, editor)
            # A person types over what they see: an edit that is still on its way to the tab would be
            # merged with that, and both kept.
            await shows(person, list(ledger.sources.values()))
            first = next(iter(ledger.sources))
            ledger.sources[first] = f"typed {visit}"
            at = [str(cell["id"]) for cell in person.notebook.ycells].index(first)
            person.type_over(at, f"typed {visit}")
            await edits_around_work(setup, editor, first)
            if visit == 1:  # the room stays for the person while jmcp is away
                setup.net.cut()
                await asyncio.sleep(CLEANUP_SECONDS + 1)
                setup.net.mend()
                await edits_around_work(setup, editor, first)
            await shows(person, list(ledger.sources.values()))
        await edits_around_work(setup, editor, first)
    await asyncio.sleep(CLEANUP_SECONDS + 1)
    await edits_around_work(setup, editor, first)
    await setup.settled("visited.ipynb", ledger)


async def shows(person: Tab, sources: list[str]) -> None:
    await until(lambda: person.sources == sources, "the tab shows all")


async def edits_around_work(setup: RemoteSetup, editor: Editor, kept: str) -> None:
    """Edits that leave one cell alone: what a person typed last reaches jmcp some time later."""
    for _ in range(3):
        answer = await setup.agent.ask(
            "insert_cell", after_cell_id=kept, cell_type="markdown", cell_source=f"beside {kept}"
        )
        assert answer.result is not None, answer.text
        editor.ledger.place(answer.result["cell_id"], f"beside {kept}", kept)


async def test_autosave_off(setup: RemoteSetup) -> None:
    ledger = setup.write("autosave.ipynb", 8)
    async with tab(setup, "autosave.ipynb") as person:
        awareness = Awareness(person.notebook.ydoc)
        awareness.set_local_state({"autosave": False})
        update = awareness.encode_awareness_update([awareness.client_id])
        person._connection.write_message(create_awareness_message(update), binary=True)
        await setup.agent.open("autosave.ipynb")
        editor = Editor(setup.agent, ledger, seed=13)
        await edits_work(setup, editor)
        await setup.on_disk("autosave.ipynb", ledger)
        await edits_work(setup, editor)
        setup.net.cut()
        await asyncio.sleep(0.5)
        setup.net.mend()
        await setup.on_disk("autosave.ipynb", ledger)
    await setup.settled("autosave.ipynb", ledger)
