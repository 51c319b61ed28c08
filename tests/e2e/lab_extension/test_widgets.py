"""Widgets in a notebook that a person and an agent share: both have the ones of either's run."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.agent import Agent, eventually, texts, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.served import Served

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

SLIDER = "import ipywidgets\n{name} = ipywidgets.IntSlider(value={value})\n{name}"


def slider(tab: Tab, index: int) -> Locator:
    return tab.cell(index).locator(".widget-slider")


async def shows(tab: Tab, index: int, value: int) -> None:
    await expect(slider(tab, index).locator(".widget-readout")).to_have_text(str(value))


async def move(tab: Tab, index: int) -> None:
    """One to the right, as a person does it with the keyboard."""
    await slider(tab, index).locator(".noUi-handle").focus()
    await tab.page.keyboard.press("ArrowRight")


async def kernel_has(agent: Agent, name: str, value: int) -> None:
    async def there() -> bool:
        return texts(await agent.call("execute_code", code=f"{name}.value")) == [str(value)]

    await eventually(there, f"{name} is {value} in the kernel")


async def test_a_slider_of_either_is_shown_moved_and_seen_by_both(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "widgets.ipynb", SLIDER.format(name="mine", value=3), **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "widgets.ipynb")
    await plain_agent.open("widgets.ipynb")

    run = await plain_agent.run(SLIDER.format(name="agents", value=40))
    assert run["status"] == "ok", run
    # A widget may do all that JupyterLab may: the person has to trust what they did not run.
    await expect(tab.outputs(1)).to_have_text("IntSlider(value=40)")
    await tab.page.evaluate("void window.jupyterapp.commands.execute('notebook:trust')")
    await tab.page.locator(".jp-Dialog .jp-mod-accept").click()
    await shows(tab, 1, 40)
    await move(tab, 1)
    await shows(tab, 1, 41)
    await kernel_has(plain_agent, "agents", 41)
    await plain_agent.call("execute_code", code="agents.value = 60")
    await shows(tab, 1, 60)

    await tab.run_cell(0)
    await shows(tab, 0, 3)
    await move(tab, 0)
    await kernel_has(plain_agent, "mine", 4)

    # A page that is loaded anew asks the kernel for them.
    await tab.load()
    await shows(tab, 0, 4)
    await shows(tab, 1, 60)
    await move(tab, 1)
    await kernel_has(plain_agent, "agents", 61)
    assert not [asked for asked in await tab.dialogs() if "Trust" not in asked]
    await tab.close()
