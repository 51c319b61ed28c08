"""Whose outputs run scripts in the page: those of the person's own runs and of notebooks that they trust."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, saved, texts, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

SCRIPT = "<b>shown</b><img src='nowhere' onerror=\"window.scripted = '{by}'\">"
SHOW = "from IPython.display import HTML, display\ndisplay(HTML('''{html}'''))"
TRUST = "window.jupyterapp.commands.execute('notebook:trust')"


async def scripted(tab: Tab, index: int) -> Any:
    """Whose script has run, once the output of that cell is there with all that it loads."""
    await expect(tab.outputs(index).get_by_text("shown")).to_be_visible()
    await tab.images_loaded()
    return await tab.page.evaluate("window.scripted")


async def test_what_an_agent_runs_in_a_cell_of_the_persons_runs_no_script(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    by_person = SHOW.format(html=SCRIPT.format(by="person"))
    write(plain_lab, "ran.ipynb", by_person, **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "ran.ipynb")
    await plain_agent.open("ran.ipynb")
    await tab.run_cell(0)
    assert await scripted(tab, 0) == "person"

    async def reads() -> bool:
        return len((await plain_agent.call("read_cell", cell_index=0))["outputs"]) == 1

    await eventually(reads, "the agent reads what the person's run gave")
    await tab.page.evaluate("delete window.scripted")
    by_agent = SHOW.format(html=SCRIPT.format(by="agent")) + "\nprint('end')"
    await plain_agent.call("overwrite_cell_source", cell_index=0, cell_source=by_agent)
    await plain_agent.call("execute_cell", cell_index=0)
    await expect(tab.outputs(0).last).to_have_text("end\n")
    assert await scripted(tab, 0) is None
    await expect(tab.outputs(0)).to_have_count(2)  # those of before are not there once more
    read = await plain_agent.call("read_cell", cell_index=0)
    assert texts(read)[1:] == ["end\n"]

    # What the person runs is theirs again.
    await tab.run_cell(0)
    await tab.page.wait_for_function("window.scripted === 'agent'")
    assert await tab.dialogs() == []
    await tab.close()


@thorough
async def test_a_notebook_is_trusted_when_the_person_says_so_and_not_by_an_agents_edits(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "trust.ipynb", "shown = 1", "other = 1", **PYTHON)
    file = plain_lab.root / "trust.ipynb"
    content = json.loads(file.read_text())
    data = {"text/html": SCRIPT.format(by="file"), "text/plain": "shown"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    content["cells"][0] |= {"outputs": [output], "execution_count": 1}
    file.write_text(json.dumps(content))
    tab = await Tab.open(chrome, plain_lab, "trust.ipynb")
    assert await scripted(tab, 0) is None

    agent = plain_agent
    await agent.open("trust.ipynb")
    await agent.call("overwrite_cell_source", cell_index=0, cell_source="shown = 2")
    await agent.call("insert_cell", cell_index=0, cell_type="code", cell_source="first = 1")
    await agent.call("move_cell", cell_index=1, target_index=2)
    await agent.call("delete_cell", cell_index=2)
    await agent.call("undo_change")
    await agent.call("execute_cell", cell_index=0)
    await saved(
        plain_lab,
        "trust.ipynb",
        lambda found: [c.source for c in found.cells] == ["first = 1", "other = 1", "shown = 2"],
        "the agent's edits",
    )
    assert await scripted(tab, 2) is None
    await tab.load()
    assert await scripted(tab, 2) is None

    await tab.page.evaluate(f"void {TRUST}")
    await tab.page.locator(".jp-Dialog .jp-mod-accept").click()
    assert await scripted(tab, 2) == "file"
    await tab.page.keyboard.press("Control+s")
    await tab.clean()
    await agent.call("overwrite_cell_source", cell_index=1, cell_source="other = 2")
    await tab.close()
    again = await Tab.open(chrome, plain_lab, "trust.ipynb")
    assert await scripted(again, 2) == "file"
    await again.close()
    assert await trusted(plain_lab, "other = 2") == {True}
    # Jupyter trusts a notebook as a whole, or not at all.
    await agent.run(SHOW.format(html="by the agent"))
    assert await trusted(plain_lab, "by the agent") == {False}


async def trusted(served: Served, text: str) -> set[bool]:
    """Jupyter's marks of the cells in the file, once that has the text."""

    async def marks() -> set[bool]:
        async with httpx2.AsyncClient(headers=served.headers) as http:
            answer = await http.get(f"{served.url}api/contents/trust.ipynb")
        cells = answer.json()["content"]["cells"]
        return {cell["metadata"]["trusted"] for cell in cells if text in json.dumps(cells)}

    return set(await eventually(marks, f"the file has {text}"))
