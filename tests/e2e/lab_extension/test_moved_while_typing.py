"""A cell that an agent moves or deletes while a person types in it, whose text is still on its way."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import LOST, PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served
from tests.thorough import fast_only, thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

KEYS = "dd xx a b 00 "
"""In command mode they delete, cut, insert, restart."""
CONTENT = "[...window.jupyterapp.shell.widgets('main')].find(({ context }) => context).content"
WINDOWED = f"(mode) => {{ const content = {CONTENT}; content.notebookConfig = {{ ...content.notebookConfig, windowingMode: mode }}; }}"
CELL = "{ id: 'c1', cell_type: 'code', source: 'typed = 1' }"
THERE = "(count) => document.querySelectorAll('.jp-Notebook .jp-Cell').length === count"


@pytest.mark.oldest
@pytest.mark.parametrize("windowing", fast_only(("none", "full", "defer"), "full"))
async def test_the_keyboard_stays_in_a_cell_that_moves(
    plain_lab: Served, plain_agent: Agent, chrome: Browser, windowing: str
) -> None:
    path = f"{windowing}.ipynb"
    write(plain_lab, path, "above = 1", "typed = 1", "below = 1", "last = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, path)
    await tab.page.evaluate(WINDOWED, windowing)
    await plain_agent.open(path)
    await plain_agent.call("read_notebook")
    await tab.type_into(1, " # ")

    async def move() -> None:
        for place in (3, 0, 2, 0, 1, 2):
            await plain_agent.call("move_cell", cell_id="c1", target_index=place)

    moved, typed = asyncio.create_task(move()), ""
    while not moved.done():
        await tab.page.keyboard.type(KEYS)
        typed += KEYS
    await moved
    for _ in KEYS:
        await tab.page.keyboard.press("ArrowLeft")
    await plain_agent.call("move_cell", cell_id="c1", target_index=0)
    await expect(tab.cell(0).locator(".cm-content")).to_contain_text("typed")
    await tab.page.keyboard.type("in the midst ")
    line = f"typed = 1 # {typed.removesuffix(KEYS)}in the midst {KEYS}"
    expected = [line.strip(), "above = 1", "below = 1", "last = 1"]
    await saved(
        plain_lab, path, has(line, *expected[1:]), "all that was typed, and no other change"
    )
    await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
    await tab.close()


@pytest.mark.parametrize("windowing", fast_only(("none", "full"), "none"))
async def test_keys_for_a_cell_that_is_deleted_are_no_commands(
    plain_lab: Served, plain_agent: Agent, chrome: Browser, windowing: str
) -> None:
    path = f"deleted-{windowing}.ipynb"
    write(plain_lab, path, "above = 1", "typed = 1", "below = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, path)
    await tab.page.evaluate(WINDOWED, windowing)
    await plain_agent.open(path)
    await plain_agent.call("read_notebook")
    await tab.cell(1).locator(".cm-content").click()
    deleted = asyncio.create_task(plain_agent.call("delete_cell", cell_id="c1"))
    await tab.page.wait_for_function(THERE, arg=2)
    await tab.page.keyboard.type(KEYS)
    await deleted
    await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(
        ["above = 1", "below = 1"]
    )
    # For whoever goes elsewhere they are commands again.
    await tab.cell(0).locator(".jp-InputPrompt").click()
    await tab.page.keyboard.press("b")
    await expect(tab.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
    await tab.close()


@thorough
async def test_keys_for_a_cell_that_comes_back_are_its_text(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "back.ipynb", "above = 1", "typed = 1", "below = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "back.ipynb")
    await plain_agent.open("back.ipynb")
    await plain_agent.call("read_notebook")
    await tab.type_into(1, "")
    deleted = asyncio.create_task(plain_agent.call("delete_cell", cell_id="c1"))
    await tab.page.wait_for_function(THERE, arg=2)
    await tab.page.keyboard.type(KEYS)
    await tab.page.evaluate(f"{{ {CONTENT}.model.sharedModel.insertCell(1, {CELL}); }}")
    await tab.page.keyboard.type("# ")
    await deleted
    expected = ["above = 1", f"typed = 1{KEYS}#", "below = 1"]
    await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
    await tab.close()


@thorough
@pytest.mark.parametrize("windowing", ["none", "defer", "contentVisibility"])
async def test_what_is_selected_stays_selected_and_where_it_is_on_the_screen(
    plain_lab: Served, plain_agent: Agent, chrome: Browser, windowing: str
) -> None:
    path = f"screen-{windowing}.ipynb"
    write(plain_lab, path, *[f"cell = {number}" for number in range(60)], **PYTHON)
    tab = await Tab.open(chrome, plain_lab, path)
    await tab.page.evaluate(WINDOWED, windowing)
    await plain_agent.open(path)
    await plain_agent.call("read_notebook")
    await tab.type_into(30, "")
    for _ in range(5):
        await tab.page.keyboard.press("Shift+ArrowLeft")
    before = await tab.here()
    assert (before["editing"], before["selected"]) == (True, " = 30")
    for place in (25, 40):
        await plain_agent.call("move_cell", cell_id="c30", target_index=place)
        await expect(tab.cell(place).locator(".cm-content")).to_have_text("cell = 30")
        assert await tab.here() == before
    # The cursor is at its beginning.
    await tab.page.keyboard.press("Shift+ArrowLeft")
    assert (await tab.here())["selected"] == "l = 30"
    await tab.close()


@thorough
async def test_what_was_typed_stays(plain_lab: Served, plain_agent: Agent, chrome: Browser) -> None:
    write(plain_lab, "moved.ipynb", "moved = 1", "deleted = 1", "other = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "moved.ipynb")
    await plain_agent.open("moved.ipynb")
    await plain_agent.call("read_notebook")
    await tab.cut()
    await tab.type_into(0, " + 2")
    await tab.type_into(1, " + 3")
    await plain_agent.call("edit_cell_source", cell_index=0, old_string="moved", new_string="here")
    await plain_agent.call("move_cell", cell_index=0, target_index=2)
    await plain_agent.call("delete_cell", cell_index=0)
    await tab.mend()
    await expect(tab.page.locator(LOST)).to_have_count(0)
    expected = ["deleted = 1 + 3", "other = 1", "here = 1 + 2"]
    await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
    await saved(plain_lab, "moved.ipynb", has(*expected), "all that was typed")
    await tab.close()
