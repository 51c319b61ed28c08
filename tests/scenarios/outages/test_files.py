"""Files that cannot be written, and files that others replace, under a stream of edits."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from tests.e2e.agent import eventually
from tests.scenarios.outages.agent import NOT_RECOVERED, RECOVERY, Editor
from tests.scenarios.outages.remote_setup import RemoteSetup, cells, put
from tests.scenarios.outages.test_network import edits_work
from tests.thorough import thorough

NEW: dict[str, Any] = {"cell_index": -1, "cell_type": "code", "cell_source": "new"}
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_read_only_file_is_told_and_written_when_it_can_be(setup: RemoteSetup) -> None:
    path = setup.root / "closed.ipynb"
    ledger = setup.write("closed.ipynb", 8)
    before = path.read_bytes()
    path.chmod(0o400)
    await setup.agent.open("closed.ipynb")
    editor = Editor(setup.agent, ledger, seed=21)
    await edits_work(setup, editor)

    async def notices_of() -> bool:
        await setup.agent.cells()
        return any("read-only" in message for message in setup.agent.notices_of("file_not_written"))

    await eventually(notices_of, "a notice says that the file is read-only")
    await edits_work(setup, editor)
    assert path.read_bytes() == before
    assert (await setup.agent.call("insert_cell", **NEW))["saved"] == "failed"
    ledger.sources[list(await setup.agent.cells())[-1]] = NEW["cell_source"]
    path.chmod(0o600)
    await setup.on_disk("closed.ipynb", ledger)
    await setup.settled("closed.ipynb", ledger)


async def test_a_file_that_is_replaced_keeps_both_sides(setup: RemoteSetup) -> None:
    path = setup.root / "replaced.ipynb"
    ledger = setup.write("replaced.ipynb", 4)
    await setup.agent.open("replaced.ipynb")
    await setup.agent.cells()
    mine = await setup.agent.call("insert_cell", **NEW)
    ledger.place(mine["cell_id"], NEW["cell_source"], None)
    for cell_id in ("cell0", "cell1"):
        await setup.agent.call("overwrite_cell_source", cell_id=cell_id, cell_source="mine")
    ledger.sources["cell0"] = "mine"
    # Somebody checks out a branch in which one of these and another one are different.
    theirs = {
        "cell0": "'original 0'",
        "cell1": "theirs",
        "cell2": "theirs",
        "cell3": "'original 3'",
    }
    put(path, theirs.items())
    ledger.sources |= {"cell1": "theirs", "cell2": "theirs"}

    async def noticed() -> bool:
        return (await setup.agent.cells())["cell2"] == "theirs"

    await eventually(noticed, "the live document has what was checked out")
    notices = "\n".join(setup.agent.notices_of(*RECOVERY))
    assert "changed on disk by another program" in notices
    assert "Recovered" in notices
    assert "was not made again" in notices
    assert "cell cell1 had been edited" in notices  # with its text
    assert "Its text was:\nmine" in notices
    ledger.check((await setup.agent.cells()).items())
    await edits_work(setup, Editor(setup.agent, ledger, seed=22))
    await setup.settled("replaced.ipynb", ledger)


async def test_edits_while_a_file_is_replaced_again_and_again(setup: RemoteSetup) -> None:
    """Whatever was acknowledged is in the notebook, or a notice names it."""
    path = setup.root / "again.ipynb"
    ledger = setup.write("again.ipynb", 10)
    await setup.agent.open("again.ipynb")
    await setup.agent.cells()
    mine = [f"cell{index}" for index in range(5)]
    for number in range(4):
        for cell_id in mine:
            answer = await setup.agent.ask(
                "overwrite_cell_source", cell_id=cell_id, cell_source=f"mine {number}"
            )
            if answer.error:
                ledger.doubt(cell_id, f"mine {number}")
                mine.remove(cell_id)
            else:
                ledger.sources[cell_id] = f"mine {number}"
        # What somebody has elsewhere: their own cells changed, and of the others what they last saw.
        theirs = dict(cells(json.loads(path.read_text())))
        theirs |= {f"cell{index}": f"theirs {number}" for index in range(5, 10)}
        put(path, theirs.items())
        ledger.sources |= {f"cell{index}": f"theirs {number}" for index in range(5, 10)}
        expected = f"theirs {number}"

        async def noticed(expected: str = expected, theirs: dict[str, str] = theirs) -> bool:
            with suppress(ValueError):  # Jupyter is about to write it
                if dict(cells(json.loads(path.read_text())))["cell9"] != expected:
                    # It was between its look at the file and its own write. They write again.
                    put(path, theirs.items())
            return (await setup.agent.cells())["cell9"] == expected

        await eventually(noticed, "the live document has what was written")
    await setup.settled("again.ipynb", ledger)
    assert setup.agent.notices_of(*NOT_RECOVERED) == []


@thorough
async def test_a_file_that_is_away_for_a_moment(setup: RemoteSetup) -> None:
    path = setup.root / "away.ipynb"
    ledger = setup.write("away.ipynb", 8)
    await setup.agent.open("away.ipynb")
    editor = Editor(setup.agent, ledger, seed=23)
    await edits_work(setup, editor)
    await setup.on_disk("away.ipynb", ledger)
    kept = dict(ledger.sources)
    for seconds in (0.0, 1.5, 12.0):  # the last is longer than jmcp looks for a file to save to
        path.unlink()
        for _ in range(3):
            answer = await editor.edit()
            assert answer.error in (None, "notebook_not_found"), answer.text
        await asyncio.sleep(seconds)
        put(path, kept.items())

        async def back() -> bool:
            return (await setup.agent.ask("read_notebook")).error is None

        await eventually(back, "the notebook is there again")
        await edits_work(setup, editor)
        await setup.on_disk("away.ipynb", ledger)
        kept = dict(cells(json.loads(path.read_text())))
    await setup.settled("away.ipynb", ledger)
