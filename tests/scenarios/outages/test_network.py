"""A stream of edits over a network that is cut, stalled and slow."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.outages.agent import Answer, Editor
from tests.scenarios.outages.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOUND_SECONDS = 200.0
"""For a call over a network that is silent: about three times what it takes on an idle machine."""


async def edits(editor: Editor, count: int) -> list[Answer]:
    """Each call ended in time, as a success or with an error that says what is the matter."""
    answers = [await editor.edit() for _ in range(count)]
    for answer in answers:
        assert answer.seconds < BOUND_SECONDS
        assert answer.error in (None, "jupyter_unreachable"), answer.text
    return answers


async def works(here: World, editor: Editor) -> None:
    """The next calls of all kinds work, and nobody restarted anything."""
    for _ in range(5):
        answer = await editor.edit()
        assert answer.error is None, answer.text
    editor.ledger.check((await here.agent.cells()).items())


async def test_edits_through_cuts(here: World) -> None:
    ledger = here.write("cuts.ipynb", 12)
    await here.agent.open("cuts.ipynb")
    editor = Editor(here.agent, ledger, seed=1)
    await works(here, editor)
    failed = 0
    for seconds in (0.0, 0.05, 0.5, 6.0):
        editing = asyncio.create_task(edits(editor, 4))
        await asyncio.sleep(0.01)
        here.net.cut()
        await asyncio.sleep(seconds)
        here.net.mend()
        failed += sum(answer.error is not None for answer in await editing)
        await works(here, editor)
    assert failed
    assert ledger.acknowledged >= 25
    await here.settled("cuts.ipynb", ledger)


async def test_a_cut_right_behind_an_edit_costs_nothing(here: World) -> None:
    ledger = here.write("behind.ipynb", 6)
    await here.agent.open("behind.ipynb")
    editor = Editor(here.agent, ledger, seed=2)
    for _ in range(5):
        await works(here, editor)
        here.net.cut()
        await asyncio.sleep(0.1)
        here.net.mend()
    assert not ledger.doubtful
    here.net.cut()
    await asyncio.sleep(3.0)  # longer than until the next save
    here.net.mend()
    # Nobody calls: it is saved nevertheless.
    await here.on_disk("behind.ipynb", ledger)
    await here.settled("behind.ipynb", ledger)


@pytest.mark.parametrize("seconds", [2.0, 12.0])
async def test_edits_through_a_stall(here: World, seconds: float) -> None:
    ledger = here.write(f"stall {seconds}.ipynb", 8)
    await here.agent.open(f"stall {seconds}.ipynb")
    editor = Editor(here.agent, ledger, seed=3)
    await works(here, editor)
    here.net.stall()
    editing = asyncio.create_task(edits(editor, 2))
    await asyncio.sleep(seconds)
    here.net.flow()
    answers = await editing
    if seconds < 5:
        assert not any(answer.error for answer in answers)  # late, and that is all
    await works(here, editor)
    await here.settled(f"stall {seconds}.ipynb", ledger)


async def test_a_silent_network_ends_calls_in_time(here: World) -> None:
    ledger = here.write("silent.ipynb", 8)
    await here.agent.open("silent.ipynb")
    editor = Editor(here.agent, ledger, seed=4)
    await works(here, editor)
    here.net.stall()
    (answer,) = await edits(editor, 1)
    assert answer.error == "jupyter_unreachable"
    here.net.cut()
    here.net.flow()
    here.net.mend()
    await works(here, editor)
    await here.settled("silent.ipynb", ledger)


async def test_a_slow_network_is_only_slow(here: World) -> None:
    ledger = here.write("slow.ipynb", 8)
    here.net.delay = 0.1
    await here.agent.open("slow.ipynb")
    editor = Editor(here.agent, ledger, seed=5)
    await works(here, editor)
    run = await here.agent.call("execute_code", code="print(6 * 7)", wait=120)
    assert [output["text"] for output in run["outputs"]] == ["42\n"]
    await here.settled("slow.ipynb", ledger)
