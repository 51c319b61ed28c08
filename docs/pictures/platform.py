"""Make the pictures of the platform page: of a person, of an administrator, and the workbench in it.

python -m docs.pictures.platform
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, expect

from docs.pictures.make import FOLDER, LOAD, PLOT, TITLE, save
from tests.e2e.lab import browser
from tests.hub.hub_user import HubUser, hub_user
from tests.hub.running_hub import RunningHub, running_hub
from tests.hub.test_platform_page import card
from tests.node_tools import NodeTools, found_node

WIDE: ViewportSize = {"width": 1280, "height": 860}
NARROW: ViewportSize = {"width": 390, "height": 844}
PICTURES = FOLDER / "platform"
SLOW = "import time; time.sleep(60)"

Scheme = Literal["light", "dark"]


@asynccontextmanager
async def page_of(
    chrome: Browser, hub: RunningHub, name: str, size: ViewportSize, scheme: Scheme
) -> AsyncIterator[Page]:
    context = await chrome.new_context(viewport=size, color_scheme=scheme)
    page = await context.new_page()
    try:
        await page.goto(f"{hub.gateway}/")
        await page.get_by_label("Username").fill(name)
        await page.get_by_label("Password").fill("demo")
        await page.get_by_role("button", name="Sign in").click()
        await expect(card(page, "My server")).to_contain_text("server")
        yield page
    finally:
        await context.close()


async def shoot(page: Page, name: str, *, whole: bool = False) -> None:
    await page.mouse.move(0, 0)
    save(await page.screenshot(full_page=whole), PICTURES / f"{name}.png")


async def work(ada: HubUser) -> str:
    """What an agent does, as its model would call it."""
    session = await ada.session("demand.ipynb")
    await ada.call("execute_code", session_id=session, code="import matplotlib.pyplot")
    title = {"cell_index": 0, "cell_type": "markdown", "cell_source": TITLE.strip()}
    await ada.call("insert_cell", session_id=session, **title)
    for source in (LOAD, PLOT):
        await ada.call("execute_code", session_id=session, code=source.strip())
    for name in ("autumn.ipynb", "reports/2026/winter.ipynb"):
        (ada.hub.folder(ada.name) / name).parent.mkdir(parents=True, exist_ok=True)
        await ada.session(name)
    return session


async def connect(page: Page) -> None:
    """A personal token, as a person has made it some day."""
    access = card(page, "Connected clients and tokens")
    await access.get_by_label("New personal token for").fill("nightly report")
    await access.get_by_role("button", name="Make a token").click()
    await access.get_by_role("button", name="I have it").click()


async def of_a_person(chrome: Browser, hub: RunningHub) -> None:
    async with page_of(chrome, hub, "ada", WIDE, "light") as page:
        server = card(page, "My server")
        await server.get_by_role("button", name="Start").click()
        await expect(server).to_contain_text("Spawning")
        await shoot(page, "starting-wide")
        await expect(server).to_contain_text("Running")
        ada = await hub_user(hub, "ada")
        session = await work(ada)
        await connect(page)
        running = asyncio.create_task(ada.call("execute_code", session_id=session, code=SLOW))
        await page.reload()
        await expect(card(page, "My agents' sessions")).to_contain_text("1 run goes on")
        access = card(page, "Connected clients and tokens")
        await expect(access).to_contain_text("nightly report")
        await page.get_by_text("Claude Code", exact=True).click()
        await shoot(page, "overview-wide")
        await server.get_by_role("button", name="Stop").click()
        await expect(server.get_by_role("alertdialog")).to_be_visible()
        await shoot(page, "stop-wide")
        await server.get_by_role("button", name="No").click()
        await ada.call("interrupt_kernel", session_id=session)
        await asyncio.wait([running])
        await page.get_by_role("link", name="Open the workbench").click()
        workbench = page.frame_locator("iframe[title=Workbench]")
        await expect(workbench.locator(".connection")).to_have_text("live")
        await workbench.get_by_role("button", name="demand.ipynb").first.click()
        lab = workbench.frame_locator("iframe[title=JupyterLab]")
        await expect(lab.locator(".jp-MarkdownOutput h1").first).to_be_visible()
        await shoot(page, "workbench-wide")
    async with page_of(chrome, hub, "ada", NARROW, "dark") as page:
        await expect(card(page, "My agents' sessions")).to_contain_text("demand.ipynb")
        await shoot(page, "overview-narrow", whole=True)


async def of_an_administrator(chrome: Browser, hub: RunningHub) -> None:
    await (await hub_user(hub, "ben")).session("b.ipynb")
    size: ViewportSize
    scheme: Scheme
    for name, size, scheme in (("wide", WIDE, "light"), ("narrow", NARROW, "dark")):
        async with page_of(chrome, hub, "admin", size, scheme) as page:
            await page.get_by_role("link", name="Administration").click()
            await expect(card(page, "Servers")).to_contain_text("ben")
            await shoot(page, f"administration-{name}", whole=name == "narrow")


async def make(folder: Path) -> None:
    node = found_node()
    assert node is not None, "no Node"
    async with (
        running_hub(folder / "hub", NodeTools(node=node), subdomains=True) as hub,
        browser() as chrome,
    ):
        await of_a_person(chrome, hub)
        await of_an_administrator(chrome, hub)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))


if __name__ == "__main__":
    main()
