"""A person and an agent who edit one notebook at once: neither moves, undoes or hides the other's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")


async def test_the_person_stays_where_they_are_and_each_undoes_only_their_own(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "stay.ipynb", "above = 1", "person = 1", "below = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "stay.ipynb")
    keyboard = tab.page.keyboard
    agent = plain_agent
    await agent.open("stay.ipynb")

    async def agent_reads(*sources: str) -> None:
        async def there() -> bool:
            read = await agent.call("read_notebook", response_format="detailed")
            return [cell["source"] for cell in read["cells"]] == list(sources)

        await eventually(there, f"the agent reads {sources}")

    await tab.type_into(1, " + 2")
    await agent_reads("above = 1", "person = 1 + 2", "below = 1")
    for _ in range(5):
        await keyboard.press("Shift+ArrowLeft")
    before = await tab.here()
    assert before["editing"]
    assert before["selected"] == "1 + 2"

    await agent.call("insert_cell", cell_index=0, cell_type="code", cell_source="first = 0")
    await agent.call("overwrite_cell_source", cell_index=1, cell_source="above = 2")
    await agent.call("edit_cell_source", cell_index=2, old_string="person", new_string="someone")
    await agent.call("insert_cell", cell_index=4, cell_type="code", cell_source="last = 0")
    await expect(tab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(5)
    await expect(tab.cell(2).locator(".cm-content")).to_have_text("someone = 1 + 2")
    after = await tab.here()
    assert after["editing"]
    assert after["selected"] == "1 + 2"
    assert after["id"] == "someone = 1 + 2"

    # What is typed next replaces the selection, as if nobody had been there.
    await keyboard.type("3")
    await agent_reads("first = 0", "above = 2", "someone = 3", "below = 1", "last = 0")

    # The person takes back all that they can: in the cell, then in the notebook.
    for _ in range(6):
        await keyboard.press("Control+z")
    await keyboard.press("Escape")
    for _ in range(3):
        await keyboard.press("z")
    await agent_reads("first = 0", "above = 2", "someone = 1", "below = 1", "last = 0")

    # Cells of the person's come and go with `z`, the agent's stay.
    await keyboard.press("b")
    await expect(tab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(6)
    await agent.call("insert_cell", cell_index=0, cell_type="code", cell_source="zero = 0")
    await keyboard.press("z")
    await agent_reads("zero = 0", "first = 0", "above = 2", "someone = 1", "below = 1", "last = 0")
    assert await tab.dialogs() == []
    await tab.close()


@thorough
async def test_outputs_of_an_agents_run_appear_while_it_runs(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "stream.ipynb", "person = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "stream.ipynb")
    await plain_agent.open("stream.ipynb")
    code = "import pathlib, time\nprint('begun')\n"
    code += "while not pathlib.Path('go').exists(): time.sleep(.01)\nprint('done')"
    started: dict[str, Any] = await plain_agent.call(
        "insert_execute_code_cell", cell_index=1, cell_source=code, wait=0
    )
    await expect(tab.outputs(1)).to_contain_text("begun")
    await expect(tab.outputs(1)).not_to_contain_text("done")
    (plain_lab.root / "go").touch()
    await expect(tab.outputs(1)).to_contain_text("done")
    assert started["status"] == "running"

    # An image (backwards: the answer must have it once), an error, and HTML with a script, which does nothing in the page of a person.
    shown = "from IPython.display import HTML, Image\nimport base64\n"
    shown += f"display(Image(base64.b64decode('{PIXEL[::-1]}'[::-1])))\n"
    shown += "display(HTML('<b>bold</b><script>window.scripted = 1</script>'))\n1 / 0"
    await plain_agent.run(shown)
    await expect(tab.outputs(2).locator("img")).to_have_count(1)
    await expect(tab.outputs(2).locator("b")).to_have_text("bold")
    await expect(tab.cell(2)).to_contain_text("ZeroDivisionError")
    assert await tab.page.evaluate("window.scripted") is None

    # The person's own run in the same notebook, with the same kernel.
    await tab.type_into(0, "\nprint(person + 41)")
    await tab.run_cell(0)
    await expect(tab.outputs(0)).to_contain_text("42")

    async def read() -> bool:
        return "42" in json.dumps(await plain_agent.call("read_cell", cell_index=0))

    await eventually(read, "the agent reads what the person's run gave")
    assert await tab.dialogs() == []
    await tab.close()


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
