"""Each button of the older page does what it says, on a real server and a real kernel."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, Locator, expect

from tests.e2e.agent import source_of
from tests.e2e.workbench.axe import Axe
from tests.e2e.workbench.page import LAB, Workbench, opened
from tests.notebooks import write_notebook
from tests.served import Served

ANALYSIS_1 = "conversations/analysis_1.ipynb"
ANALYSIS_2 = "conversations/analysis_2.ipynb"
PNG = re.compile("^data:image/png;base64,")
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
"""Without it JupyterLab asks for a kernel."""
OWN_SESSION = "sessionStorage.getItem('jmcp.session')"
KEPT = "what an earlier conversation left"


class QuickActions:
    """The panel, and what pressing its buttons comes to."""

    def __init__(self, panel: Locator) -> None:
        self.panel = panel
        self.results = panel.get_by_label("Results")
        self.entries = self.results.locator("> ol > li")

    async def press(self, label: str, outcome: str) -> None:
        """Press a button, and wait for the log and the status line to say what came of it."""
        before = await self.entries.count()
        await self.panel.get_by_role("button", name=label, exact=True).click()
        await expect(self.entries).to_have_count(before + 1)
        await expect(self.panel.locator(".quick-status")).to_contain_text(outcome)

    async def target(self, path: str) -> None:
        await expect(self.panel.get_by_text("MCP target:")).to_contain_text(path)

    @property
    def newest(self) -> Locator:
        return self.entries.first


async def test_every_button_does_what_it_says(chrome: Browser, served: Served) -> None:
    write_notebook(served.root / "notebook.ipynb", "'the default'", kernelspec=PYTHON)
    (served.root / "conversations").mkdir(exist_ok=True)
    write_notebook(served.root / ANALYSIS_2, f"'{KEPT}'", kernelspec=PYTHON)
    async with opened(chrome, served, lab=False) as workbench:
        quick = QuickActions(await workbench.panel("Quick actions"))
        await quick.press("Notebook info", "No notebook is chosen")
        await creates_and_switches(quick, served)
        await adds(quick)
        await reads(quick)
        await executes(quick, workbench)
        assert await Axe(workbench.page).grave() == []
        await hides_jupyterlab(quick, workbench)
        await keeps_the_focus_from_jupyterlab(quick, workbench)
        await goes_on_in_a_new_session(quick, workbench)
        await a_duplicate_of_the_tab_has_another_session(workbench)
        await quick.panel.get_by_role("button", name="Clear").click()
        await expect(quick.results.get_by_text("Nothing yet.")).to_be_visible()


async def creates_and_switches(quick: QuickActions, served: Served) -> None:
    await quick.press("Create Analysis 2", "was there already")
    assert KEPT in str(source_of(served.root / ANALYSIS_2))
    await quick.target(ANALYSIS_2)
    await quick.press("Switch to default", "notebook.ipynb")
    await quick.target("notebook.ipynb")
    await quick.press("Switch to Analysis 1", "not_found")
    await quick.target("notebook.ipynb")
    await quick.press("Create Analysis 1", f"Created {ANALYSIS_1}")
    assert (served.root / ANALYSIS_1).is_file()
    await quick.press("Switch to Analysis 2", ANALYSIS_2)
    await quick.press("Switch to Analysis 1", ANALYSIS_1)
    await quick.target(ANALYSIS_1)


async def adds(quick: QuickActions) -> None:
    await quick.press("Add markdown", "Added markdown cell 1")
    await quick.press("Add code", "Added code cell 2")
    await quick.press("Add & execute", "Executed cell 3")
    plot = quick.newest.get_by_role("img")
    await expect(plot).to_have_attribute("src", PNG)
    assert await plot.evaluate("image => image.naturalWidth") > 100
    await quick.panel.get_by_label("Code").fill("1/0")
    await quick.press("Add & execute", "ZeroDivisionError")
    await expect(quick.newest).to_have_attribute("data-kind", "error")


async def reads(quick: QuickActions) -> None:
    await quick.press("Notebook info", "5 cells")
    await quick.press("Read all cells", "Read 5 cells")
    await quick.press("List tools", "tools")
    await expect(quick.newest).to_contain_text("use_notebook: Open notebook")
    await quick.press("Debug context", "no problem")


async def executes(quick: QuickActions, workbench: Workbench) -> None:
    code = quick.panel.get_by_label("Code")
    await code.fill(
        "import time\nfor step in range(3):\n    print('step', step)\n    time.sleep(0.4)"
    )
    await quick.press("Add code", "Added code cell 5")
    await quick.panel.get_by_role("button", name="Execute with progress (60 s)").click()
    await expect(quick.panel.get_by_role("progressbar")).to_be_visible()
    await expect(quick.panel.locator(".quick-status")).to_contain_text("Executed")
    await expect(quick.newest).to_contain_text("step 2")
    await code.fill("print(6 * 7)")
    await code.press("Control+Enter")
    await expect(quick.newest).to_contain_text("42")
    await quick.press("Execute last cell (30 s)", "Executed the last code cell")
    await expect(quick.newest).to_contain_text("42")


async def hides_jupyterlab(quick: QuickActions, workbench: Workbench) -> None:
    await workbench.page.context.unroute(LAB)
    await workbench.page.get_by_role("button", name="Reload", exact=True).click()
    lab = workbench.lab.locator("#jp-main-dock-panel")
    await expect(lab).to_be_visible()
    await lab.evaluate("element => { element.dataset.kept = 'yes' }")
    invisible = quick.panel.get_by_label("Invisible mode")
    await invisible.check()
    box: Any = await workbench.page.locator("iframe[title=JupyterLab]").bounding_box()
    assert box is None or not (box["width"] and box["height"])
    await quick.press("Execute last cell (30 s)", "Executed the last code cell")
    await invisible.uncheck()
    await expect(lab).to_be_visible()
    assert await lab.evaluate("element => element.dataset.kept") == "yes"


async def goes_on_in_a_new_session(quick: QuickActions, workbench: Workbench) -> None:
    await workbench.release()
    await quick.press("Add markdown", "Added markdown cell")


async def a_duplicate_of_the_tab_has_another_session(workbench: Workbench) -> None:
    own = await workbench.page.evaluate(OWN_SESSION)
    tab = await workbench.page.context.new_page()
    await tab.route(LAB, lambda route: route.fulfill(content_type="text/html", body=""))
    await tab.add_init_script(
        f"if (window === top && !sessionStorage.length) sessionStorage['jmcp.session'] = '{own}'"
    )
    await tab.goto(workbench.page.url)
    # As a function: text would be evaluated in the page, whose policy forbids it.
    await tab.wait_for_function(f"() => {OWN_SESSION} === null")
    assert await workbench.page.evaluate(OWN_SESSION) == own
    await tab.close()


async def keeps_the_focus_from_jupyterlab(quick: QuickActions, workbench: Workbench) -> None:
    code = quick.panel.get_by_label("Code")
    await code.focus()
    cell = workbench.lab.locator(".jp-Notebook .cm-content").last
    await cell.focus()
    await expect(code).to_be_focused()
    await cell.click()
    await expect(workbench.page.locator("iframe[title=JupyterLab]")).to_be_focused()
