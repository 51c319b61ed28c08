"""Every panel, whatever panels there are: without faults that axe finds, and by keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from tests.e2e.workbench.axe import Axe
from tests.e2e.workbench.page import Workbench, no_sideways_scrolling
from tests.e2e.workbench.site import OWNER, serving, signed_in
from tests.fakes.jmcp import FakeJmcp
from tests.thorough import THOROUGH

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
FORMS: list[tuple[Literal["light", "dark"], ViewportSize]] = [("light", WIDE), ("dark", NARROW)]
if THOROUGH:
    FORMS += [("light", NARROW), ("dark", WIDE)]
MOST_KEYS = 200
"""Presses of Tab that lead through any panel."""
SLOW = "import time; time.sleep(60)"
CAN_HAVE_FOCUS = "button, input, select, textarea, a[href], summary, [tabindex]"
FOCUSED = """() => {
    const it = document.activeElement;
    if (it === document.body) return null;
    window.visited ??= new WeakSet();
    window.visited.add(it);
    const style = getComputedStyle(it);
    return {
        html: it.outerHTML.slice(0, 200),
        frame: it.tagName === "IFRAME",
        ring: style.outlineStyle !== "none" || style.boxShadow !== "none",
    };
}"""
NOT_VISITED = """(panel, selector) => [...panel.querySelectorAll(selector)]
    .filter((it) => it.tabIndex >= 0 && !it.disabled && it.checkVisibility({visibilityProperty: true}))
    .filter((it) => !window.visited.has(it) && !(it.type === "radio" && !it.checked))
    .map((it) => it.outerHTML.slice(0, 200))"""


@asynccontextmanager
async def busy_page(chrome: Browser) -> AsyncIterator[Workbench]:
    """The page with sessions, calls that failed and did not, one that is open, and one under way."""
    jmcp = FakeJmcp(journaled=True)
    async with serving(jmcp=jmcp) as served, signed_in(chrome, served) as workbench:
        served.jmcp.documents.write("a.ipynb", "x = 1")
        session = await served.jmcp.open("a.ipynb", OWNER)
        await served.call("read_cell", session_id=session, cell_index=9)
        await served.call("read_cell", session_id=session, cell_index=0)
        cell: dict[str, Any] = {"cell_index": -1, "cell_type": "code", "cell_source": "y = 2"}
        await served.jmcp.call("insert_cell", OWNER, session_id=session, **cell)
        sessions = await workbench.panel("Sessions")
        await sessions.get_by_role("button", name="Show the notebook of agent").click()
        tools = await workbench.panel("Tools")
        await tools.get_by_text("execute_code", exact=True).click()
        await expect(tools.get_by_role("button", name="Run")).to_be_visible()
        review = await workbench.panel("Review")
        await expect(review.get_by_role("button", name="Revert").first).to_be_visible()
        going = asyncio.create_task(served.call("execute_code", session_id=session, code=SLOW))
        log = await workbench.panel("Log")
        rows = log.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
        await expect(rows.filter(has_text="insert_cell")).to_be_visible()
        await expect(log.get_by_role("list", name="Calls under way")).to_be_visible()
        await rows.nth(0).get_by_role("button").click()
        await rows.nth(1).get_by_role("button").click()
        await log.get_by_role("button", name="Filter").click()
        yield workbench
        going.cancel()


async def panels(page: Page) -> list[tuple[Locator, Locator]]:
    """Each tab of the page with its panel."""
    tabs = await page.get_by_role("tablist", name="Panels").get_by_role("tab").all()
    found = []
    for tab in tabs:
        shown = page.locator(f"#{await tab.get_attribute('aria-controls')}")
        found.append((tab, shown))
    return found


async def test_every_panel_is_without_grave_faults_and_for_keyboards_alone(
    chrome: Browser,
) -> None:
    async with busy_page(chrome) as workbench:
        await axe_finds_nothing_grave(workbench)
        await workbench.page.set_viewport_size(WIDE)
        await the_keyboard_is_enough(workbench)


async def axe_finds_nothing_grave(workbench: Workbench) -> None:
    """And nothing is wider than the window."""
    page, faults = workbench.page, {}
    axe = Axe(page)
    shown = await panels(page)
    assert len(shown) >= 2
    for scheme, size in FORMS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size(size)
        for tab, panel in shown:
            await tab.click()
            await expect(panel).to_be_visible()
            await no_sideways_scrolling(page)
            if found := await axe.grave():
                faults[await tab.inner_text(), scheme, size["width"]] = found
    assert faults == {}


async def the_keyboard_is_enough(workbench: Workbench) -> None:
    """To reach everything, into the frame and out of it."""
    page = workbench.page
    shown = await panels(page)
    await shown[0][0].focus()
    await page.keyboard.press("Home")
    for number, (tab, panel) in enumerate(shown):
        if number > 0:
            await shown[number - 1][0].focus()
            await page.keyboard.press("ArrowRight")
        await expect(tab).to_be_focused()
        await expect(panel).to_be_visible()
        await walk(page)
        missed = await panel.evaluate(NOT_VISITED, CAN_HAVE_FOCUS)
        assert missed == [], await tab.inner_text()

    # Rows of the log are one stop, with arrows among them; Enter opens one and closes it.
    log = await workbench.panel("Log")
    rows = log.get_by_role("list", name="Calls", exact=True).locator("button[data-row]")
    await log.get_by_role("button", name="Show all").focus()
    for _ in range(MOST_KEYS):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.matches('[data-row]')"):
            break
    opened = await rows.nth(1).get_attribute("aria-expanded")
    for key, row in (("End", -1), ("ArrowUp", -2), ("Home", 0), ("ArrowDown", 1)):
        await page.keyboard.press(key)
        await expect(rows.nth(row)).to_be_focused()
    await page.keyboard.press("Enter")
    closed = {"true": "false", "false": "true"}[str(opened)]
    await expect(rows.nth(1)).to_have_attribute("aria-expanded", closed)


async def walk(page: Page) -> None:
    """Press Tab until the focus is in the frame, then go back out of it with Shift+Tab."""
    for _ in range(MOST_KEYS):
        await page.keyboard.press("Tab")
        at: dict[str, Any] | None = await page.evaluate(FOCUSED)
        assert at is not None, "the focus left the page before the frame"
        if at["frame"]:
            break
        assert at["ring"], f"nobody sees that this has the focus: {at['html']}"
    else:
        raise AssertionError(f"after {MOST_KEYS} times still not in the frame, but at {at}")
    await page.keyboard.press("Shift+Tab")
    back: dict[str, Any] | None = await page.evaluate(FOCUSED)
    assert back is not None
    assert not back["frame"]
