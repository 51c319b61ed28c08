"""The tool console: a form for each tool, its call, and what comes back, as a person uses it."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, Locator, expect

from jmcp.compose import API
from tests.e2e.workbench.axe import Axe
from tests.e2e.workbench.page import Workbench, no_sideways_scrolling, opened
from tests.notebooks import write_notebook
from tests.served import Served
from tests.thorough import thorough

HOSTILE = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"


class Console:
    """The panel with all tools."""

    def __init__(self, panel: Locator) -> None:
        self.panel = panel
        self.call = panel.locator(".console-call")

    async def choose(self, tool: str) -> None:
        """Show a tool's form, from wherever the panel is."""
        back = self.panel.get_by_role("button", name="All tools")
        if await back.count():
            await back.click()
        await self.panel.locator(f"[data-tool={tool}]").click()
        await expect(self.panel.locator(".tool-form form")).to_be_visible()

    async def fill(self, **texts: str) -> None:
        for name, text in texts.items():
            await self.panel.get_by_label(re.compile(rf"^{name}\*?$")).fill(text)

    async def run(self, outcome: str = "Done in") -> None:
        await self.panel.get_by_role("button", name="Run", exact=True).click()
        await expect(self.call).to_contain_text(outcome)

    async def view(self, name: str) -> Locator:
        """The result, as text, images or JSON."""
        await self.call.get_by_role("tab", name=name).click()
        return self.call.get_by_role("tabpanel")


async def test_tools_are_called_by_forms(chrome: Browser, served: Served) -> None:
    write_notebook(served.root / "form.ipynb", "1 + 1", "2 + 2")
    async with opened(chrome, served, lab=False) as workbench:
        console = Console(await workbench.panel("Tools"))
        axe = Axe(workbench.page)
        await a_notebook_is_opened_by_keyboard_alone(console, workbench)
        assert await axe.grave() == []
        await an_array_of_objects(console, workbench, axe)
        await arrays_numbers_and_booleans(console)
        await a_refusal_says_what_the_server_says(console)
        await workbench.page.emulate_media(color_scheme="dark")
        assert await axe.grave() == []
        await what_was_given_last_is_there_again(console)
        await outputs_stay_text(console, workbench)
        await a_long_list_is_read_on(console)
        await a_call_is_cancelled(console, workbench)
        refusals = [text for text in workbench.complaints if "Failed to load resource" not in text]
        assert refusals == []


async def a_notebook_is_opened_by_keyboard_alone(console: Console, workbench: Workbench) -> None:
    keys = workbench.page.keyboard
    await workbench.page.get_by_role("tab", name="Tools").focus()
    await keys.press("Tab")
    await expect(console.panel.get_by_label("Search tools")).to_be_focused()
    await keys.type("open notebook")
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(console.panel.get_by_role("heading", name="Open notebook")).to_be_focused()
    field = console.panel.get_by_label(re.compile("^notebook_path"))
    await expect(field).to_be_visible()
    await keys.press("Tab")
    await expect(field).to_be_focused()
    await keys.press("Control+Enter")
    await expect(console.panel.get_by_text("This is required.")).to_be_visible()
    await expect(field).to_be_focused()
    await keys.type("form.ipynb")
    await expect(console.panel.get_by_text("This is required.")).to_have_count(0)
    await keys.press("Enter")
    await expect(console.call).to_contain_text("Done in")
    await console.call.get_by_role("tab", name="Text").focus()
    await keys.press("ArrowRight")
    await expect(console.call.get_by_role("tab", name="JSON")).to_be_focused()
    await expect(console.call.get_by_text("cell_count")).to_be_visible()


async def an_array_of_objects(console: Console, workbench: Workbench, axe: Axe) -> None:
    await console.choose("apply_edits")
    await console.panel.get_by_role("button", name="Add", exact=True).click()
    first, second = (console.panel.locator(f"#apply_edits_edits_{at}") for at in (0, 1))
    for edit, source in ((first, "first = 1"), (second, "second = 2")):
        await edit.get_by_label(re.compile("^op")).select_option(label="insert")
        await edit.get_by_text("Optional:").click()
        await edit.get_by_label("source").fill(source)
    await console.panel.get_by_role("button", name="Down").first.click()
    await expect(first.get_by_label("source")).to_have_value("second = 2")
    await console.run()
    await no_sideways_scrolling(workbench.page)
    assert await axe.grave() == []
    await console.choose("read_notebook")
    await console.run()
    text = await (await console.view("Text")).inner_text()
    assert text.index("second = 2") < text.index("first = 1")


async def arrays_numbers_and_booleans(console: Console) -> None:
    await console.choose("delete_cell")
    items = console.panel.locator("#delete_cell_cell_indices")
    await items.get_by_role("button", name="Add", exact=True).click()
    await console.panel.get_by_role("button", name="Run", exact=True).click()
    await expect(items.get_by_text("This is required.")).to_be_visible()
    await items.get_by_role("spinbutton").fill("3")
    await console.panel.get_by_label("include_source").uncheck()
    await console.run()
    await expect(await console.view("Text")).not_to_contain_text("first = 1")
    await console.choose("read_notebook")
    await console.panel.get_by_label("limit").fill("2000")
    await console.panel.get_by_role("button", name="Run", exact=True).click()
    await expect(console.panel.locator(".error-detail")).to_contain_text("1000")
    await console.panel.get_by_label("limit").fill("1")
    await console.run()


async def a_refusal_says_what_the_server_says(console: Console) -> None:
    await console.choose("read_cell")
    await console.fill(cell_index="99")
    await console.run("Failed after")
    alert = console.call.get_by_role("alert")
    await expect(alert).to_contain_text("cell_not_found")
    await expect(alert).to_contain_text("(404)")


async def what_was_given_last_is_there_again(console: Console) -> None:
    await console.choose("list_files")
    await console.choose("read_cell")
    await expect(console.panel.get_by_label("cell_index")).to_have_value("99")


async def outputs_stay_text(console: Console, workbench: Workbench) -> None:
    await console.choose("execute_code")
    await console.fill(code=f'print("""{HOSTILE}""")')
    await console.run()
    await expect(await console.view("Text")).to_contain_text(HOSTILE)
    await expect(await console.view("JSON")).to_contain_text("onerror")
    assert await workbench.page.evaluate("window.hacked") is None
    assert await console.call.locator("img, script").count() == 0


async def a_long_list_is_read_on(console: Console) -> None:
    await console.choose("read_notebook")
    await console.panel.get_by_label("limit").fill("1")
    await console.run()
    await console.call.get_by_role("button", name="Read on from 1").click()
    await expect(console.call.get_by_role("button", name="Read on from 2")).to_be_visible()


async def a_call_is_cancelled(console: Console, workbench: Workbench) -> None:
    await console.choose("execute_code")
    await console.fill(
        code="import time\nfor n in range(600):\n    print('beat', n)\n    time.sleep(0.1)"
    )
    await console.panel.get_by_role("button", name="Run", exact=True).click()
    await expect(console.call.get_by_label("Output so far")).to_contain_text("beat 1")
    await expect(console.panel.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    await console.call.get_by_role("button", name="Cancel").click()
    await expect(console.call).to_contain_text("Cancelled after")
    # The server has noticed: it interrupts what only its caller wanted, and the kernel is free.
    await console.fill(code="'free ' + 'again'")
    await console.run()
    await expect(await console.view("Text")).to_contain_text("free again")


@thorough
async def test_each_tool_has_a_form_that_can_be_used(chrome: Browser, served: Served) -> None:
    async with opened(chrome, served, lab=False) as workbench:
        console = Console(await workbench.panel("Tools"))
        await expect(console.panel.locator("[data-tool]")).to_have_count(len(API.tools))
        for name, tool in API.tools.items():
            await console.choose(name)
            form = console.panel.locator(".tool-form")
            for advanced in await form.get_by_label("Advanced").all():
                await advanced.check()
            await expect(form.get_by_text("Unsupported field")).to_have_count(0)
            shown: Any = await form.locator("[id]").evaluate_all(
                "elements => elements.map(({ id }) => id)"
            )
            for field in tool.params.model_fields:
                assert any(id_.startswith(f"{name}_{field}") for id_ in shown), (name, field)
        assert workbench.complaints == []
