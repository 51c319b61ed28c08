"""Rooms that Jupyter gives up, people who come and go in them, and autosave switched off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pycrdt import Awareness, create_awareness_message

from tests.ports.documents.tab import Tab, until
from tests.scenarios.outages.agent import Editor
from tests.scenarios.outages.test_network import works
from tests.scenarios.outages.world import CLEANUP_SECONDS, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def tab(here: World, path: str) -> AsyncIterator[Tab]:
    """A person's browser tab, which does not go by way of the network that breaks."""
    opened = await Tab.at(here.jupyter.url, here.jupyter.token, path)
    try:
        yield opened
    finally:
        await opened.close()


async def test_a_room_that_jupyter_gave_up_is_opened_again(here: World) -> None:
    ledger = here.write("given up.ipynb", 8)
    await here.agent.open("given up.ipynb")
    editor = Editor(here.agent, ledger, seed=11)
    for _ in range(2):
        await works(here, editor)  # not saved yet
        here.net.cut()
        await asyncio.sleep(CLEANUP_SECONDS + 2)
        here.net.mend()
        ledger.check((await here.agent.cells()).items())
        await works(here, editor)
    assert not ledger.doubtful
    await here.settled("given up.ipynb", ledger)
    assert not any("was not made again" in told for told in here.agent.told("document_changed"))


async def test_a_person_comes_and_goes(here: World) -> None:
    ledger = here.write("visited.ipynb", 8)
    await here.agent.open("visited.ipynb")
    editor = Editor(here.agent, ledger, seed=12)
    for visit in range(3):
        async with tab(here, "visited.ipynb") as person:
            await works(here, editor)
            first = next(iter(ledger.sources))
            ledger.sources[first] = f"typed {visit}"
            at = [str(cell["id"]) for cell in person.notebook.ycells].index(first)
            person.type_over(at, f"typed {visit}")
            await works_around(here, editor, first)
            if visit == 1:  # the room stays for the person while jmcp is away
                here.net.cut()
                await asyncio.sleep(CLEANUP_SECONDS + 1)
                here.net.mend()
                await works_around(here, editor, first)
            await shows(person, list(ledger.sources.values()))
        await works_around(here, editor, first)
    await asyncio.sleep(CLEANUP_SECONDS + 1)
    await works_around(here, editor, first)
    await here.settled("visited.ipynb", ledger)


async def shows(person: Tab, sources: list[str]) -> None:
    await until(lambda: person.sources == sources, "the tab shows all")


async def works_around(here: World, editor: Editor, kept: str) -> None:
    """Edits that leave one cell alone: what a person typed last reaches jmcp some time later."""
    for _ in range(3):
        answer = await here.agent.ask(
            "insert_cell", after_cell_id=kept, cell_type="markdown", cell_source=f"beside {kept}"
        )
        assert answer.result is not None, answer.text
        editor.ledger.place(answer.result["cell_id"], f"beside {kept}", kept)


async def test_autosave_off(here: World) -> None:
    ledger = here.write("autosave.ipynb", 8)
    async with tab(here, "autosave.ipynb") as person:
        awareness = Awareness(person.notebook.ydoc)
        awareness.set_local_state({"autosave": False})
        update = awareness.encode_awareness_update([awareness.client_id])
        person._connection.write_message(create_awareness_message(update), binary=True)
        await here.agent.open("autosave.ipynb")
        editor = Editor(here.agent, ledger, seed=13)
        await works(here, editor)
        await here.on_disk("autosave.ipynb", ledger)
        await works(here, editor)
        here.net.cut()
        await asyncio.sleep(0.5)
        here.net.mend()
        await here.on_disk("autosave.ipynb", ledger)
    await here.settled("autosave.ipynb", ledger)
