"""A person in JupyterLab and an agent, in one notebook at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, connected_agent, eventually, is_run, saved, texts, write
from tests.e2e.lab import CLEANUP_SECONDS, Lab, chromium
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
WAITING = """\
import pathlib, time
print('waiting', flush=True)
while not pathlib.Path('{flag}').exists():
    time.sleep(0.01)
print('went on')
"""
TICKING = f"""\
import itertools, pathlib, time
ticks = itertools.count()
def tick():
    print('tick', next(ticks), flush=True)
    time.sleep({CLEANUP_SECONDS} / 5)
while not pathlib.Path('closed.flag').exists():
    tick()
for _ in range(25):
    tick()
"""
HOSTILE = """\
from IPython.display import HTML, Javascript, Markdown, SVG, display
display(HTML("<b>shown</b><script>window.hacked = 'script'</script>"))
display(HTML("<img src='nowhere' onerror=\\"window.hacked = 'image'\\">"))
display(HTML("<iframe srcdoc=\\"<script>parent.window.hacked = 'frame'</script>\\"></iframe>"))
display(Markdown("[link](javascript:window.hacked='link') <img src=x onerror=window.hacked=1>"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked=2'><g></g></svg>"))
display(Javascript("window.hacked = 'javascript'"))
print("end")
"""


@pytest.fixture
async def agent(lab_server: Served) -> AsyncIterator[Agent]:
    async with connected_agent(lab_server) as agent:
        yield agent


@pytest.mark.oldest
async def test_a_person_watches_an_agent_work(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    write(lab_server, "live.ipynb", "first = 1", **PYTHON)
    lab = await Lab.open(chrome, lab_server, "live.ipynb")
    await agent.open("live.ipynb")

    # What the person types is there for the agent ...
    await lab.type_into(0, "\nby_person = 2")

    async def typed() -> bool:
        read = await agent.call("read_cell", cell_index=0)
        return bool(read["source"] == "first = 1\nby_person = 2")

    await eventually(typed, "the agent reads what the person typed")
    await agent.call("execute_cell", cell_index=0)

    # ... what the agent writes is there for the person, and output comes while the cell runs.
    running = asyncio.create_task(agent.run(WAITING.format(flag="live.flag")))
    await expect(lab.outputs(1)).to_have_text("waiting\n")
    assert not running.done()
    await expect(lab.cell(1)).to_contain_text("[*]:")
    await agent.call("insert_cell", cell_index=0, cell_type="markdown", cell_source="# A title")
    await expect(lab.page.get_by_role("heading", name="A title")).to_be_visible()
    (lab_server.root / "live.flag").touch()
    assert texts(await running) == ["waiting\nwent on\n"]
    await expect(lab.outputs(2)).to_have_text("waiting\nwent on\n")
    await expect(lab.cell(2)).to_contain_text("[2]:")
    # One kernel for both.
    await lab.type_into(1, "\nfirst + by_person")
    await lab.run_cell(1)
    await expect(lab.outputs(1)).to_have_text("3")

    async def shown() -> bool:  # the person's tab writes it, and shows it before others have it
        return texts(await agent.call("read_cell", cell_index=1)) == ["3"]

    await eventually(shown, "the agent reads what the person's run gave")
    await lab.close()


@thorough
async def test_a_tab_that_comes_and_goes_during_a_run_loses_nothing(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    write(lab_server, "closing.ipynb", "# ticks", **PYTHON)
    await agent.open("closing.ipynb")
    running = asyncio.create_task(agent.run(TICKING))
    lab = await Lab.open(chrome, lab_server, "closing.ipynb")
    await expect(lab.outputs(1)).to_contain_text("tick 10\n")
    await lab.close()
    # From now on, the run goes on for longer than the room would without its last tab.
    (lab_server.root / "closed.flag").touch()
    (whole,) = texts(await running)
    assert whole is not None
    assert whole == "".join(f"tick {n}\n" for n in range(whole.count("\n")))
    assert texts(await agent.call("read_cell", cell_index=1)) == [whole]
    await saved(
        lab_server,
        "closing.ipynb",
        lambda found: [[o.text for o in cell.outputs] for cell in found.cells] == [[], [whole]],
        "all ticks are on disk",
    )
    again = await Lab.open(chrome, lab_server, "closing.ipynb")
    await expect(again.outputs(1)).to_have_text(whole)
    await again.close()


@thorough
async def test_edits_are_saved_although_autosave_is_off(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    write(lab_server, "unsaved.ipynb", "1", **PYTHON)
    lab = await Lab.open(chrome, lab_server, "unsaved.ipynb")
    await lab.menu("Settings", "Autosave Documents")
    await agent.open("unsaved.ipynb")
    await agent.call("overwrite_cell_source", cell_index=0, cell_source="'by the agent'")
    await expect(lab.cell(0).locator(".cm-content")).to_have_text("'by the agent'")
    await agent.call("execute_cell", cell_index=0)
    await saved(
        lab_server,
        "unsaved.ipynb",
        lambda found: found.cells[0].source == "'by the agent'" and is_run(found.cells[0]),
        "edit and run are on disk",
    )
    await lab.menu("Settings", "Autosave Documents")
    await lab.close()


async def test_outputs_of_an_agent_run_no_script(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    write(lab_server, "hostile.ipynb", "1", "2", **PYTHON)
    lab = await Lab.open(chrome, lab_server, "hostile.ipynb")
    await lab.run_cell(0)
    await expect(lab.outputs(0)).to_have_text("1")
    await agent.open("hostile.ipynb")

    # In a cell that the person ran and so trusts, in a new one, and in both after a reload.
    await agent.call("overwrite_cell_source", cell_index=0, cell_source=HOSTILE)
    await agent.call("execute_cell", cell_index=0)
    run = await agent.run(HOSTILE)
    assert run["status"] == "ok", run
    for _ in range(2):
        for index in (0, 2):
            await expect(lab.outputs(index).get_by_text("shown")).to_be_visible()
            await expect(lab.outputs(index).last).to_have_text("end\n")
        await lab.images_loaded()
        assert await lab.page.evaluate("window.hacked") is None
        await lab.load()

    # What the person runs is the person's: there the same code does all that it can.
    await lab.run_cell(0)
    await lab.page.wait_for_function("window.hacked !== undefined")
    await lab.close()
