"""A stream of edits over a network that is cut, stalled and slow."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.outages.agent import Answer, Editor
from tests.scenarios.outages.remote_setup import RemoteSetup
from tests.thorough import fast_only, thorough

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


async def edits_work(setup: RemoteSetup, editor: Editor) -> None:
    """The next calls of all kinds work, and nobody restarted anything."""
    for _ in range(5):
        answer = await editor.edit()
        assert answer.error is None, answer.text
    editor.ledger.check((await setup.agent.cells()).items())


async def test_edits_through_cuts(setup: RemoteSetup) -> None:
    ledger = setup.write("cuts.ipynb", 12)
    await setup.agent.open("cuts.ipynb")
    editor = Editor(setup.agent, ledger, seed=1)
    await edits_work(setup, editor)
    failed = 0
    for seconds in (0.0, 0.05, 0.5, 6.0):
        editing = asyncio.create_task(edits(editor, 4))
        await asyncio.sleep(0.01)
        setup.net.cut()
        await asyncio.sleep(seconds)
        setup.net.mend()
        failed += sum(answer.error is not None for answer in await editing)
        await edits_work(setup, editor)
    assert failed
    assert ledger.acknowledged >= 25
    await setup.settled("cuts.ipynb", ledger)


async def test_a_cut_right_behind_an_edit_costs_nothing(setup: RemoteSetup) -> None:
    ledger = setup.write("behind.ipynb", 6)
    await setup.agent.open("behind.ipynb")
    editor = Editor(setup.agent, ledger, seed=2)
    for _ in range(5):
        await edits_work(setup, editor)
        setup.net.cut()
        await asyncio.sleep(0.1)
        setup.net.mend()
    assert not ledger.doubtful
    setup.net.cut()
    await asyncio.sleep(3.0)  # longer than until the next save
    setup.net.mend()
    # Nobody calls: it is saved nevertheless.
    await setup.on_disk("behind.ipynb", ledger)
    await setup.settled("behind.ipynb", ledger)


@pytest.mark.parametrize("seconds", fast_only([2.0, 12.0], 2.0))
async def test_edits_through_a_stall(setup: RemoteSetup, seconds: float) -> None:
    ledger = setup.write(f"stall {seconds}.ipynb", 8)
    await setup.agent.open(f"stall {seconds}.ipynb")
    editor = Editor(setup.agent, ledger, seed=3)
    await edits_work(setup, editor)
    setup.net.stall()
    editing = asyncio.create_task(edits(editor, 2))
    await asyncio.sleep(seconds)
    setup.net.flow()
    answers = await editing
    if seconds < 5:
        assert not any(answer.error for answer in answers)  # late, and that is all
    await edits_work(setup, editor)
    await setup.settled(f"stall {seconds}.ipynb", ledger)


@thorough
async def test_a_silent_network_ends_calls_in_time(setup: RemoteSetup) -> None:
    ledger = setup.write("silent.ipynb", 8)
    await setup.agent.open("silent.ipynb")
    editor = Editor(setup.agent, ledger, seed=4)
    await edits_work(setup, editor)
    setup.net.stall()
    (answer,) = await edits(editor, 1)
    assert answer.error == "jupyter_unreachable"
    setup.net.cut()
    setup.net.flow()
    setup.net.mend()
    await edits_work(setup, editor)
    await setup.settled("silent.ipynb", ledger)


@thorough
async def test_a_slow_network_is_only_slow(setup: RemoteSetup) -> None:
    ledger = setup.write("slow.ipynb", 8)
    setup.net.delay = 0.1
    await setup.agent.open("slow.ipynb")
    editor = Editor(setup.agent, ledger, seed=5)
    await edits_work(setup, editor)
    run = await setup.agent.call("execute_code", code="print(6 * 7)", wait=120)
    assert [output["text"] for output in run["outputs"]] == ["42\n"]
    await setup.settled("slow.ipynb", ledger)
