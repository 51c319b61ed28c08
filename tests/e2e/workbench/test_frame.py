"""JupyterLab in the frame goes where its person and the agents go, and the page says where that is."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playwright.async_api import Browser, Locator, Route, expect

from tests.e2e.agent import Agent
from tests.e2e.workbench.page import Workbench, opened
from tests.notebooks import write_notebook
from tests.served import Served
from tests.thorough import thorough

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
LAST = 40
"""Cells of the long notebook, which no window shows at once."""
ODD = "<img src=x> & 100% #1.ipynb"


def write(served: Served, path: str, *sources: str) -> None:
    """A notebook for which JupyterLab asks nothing."""
    write_notebook(served.root / path, *sources, kernelspec=PYTHON)


class Frame:
    """The frame of a page, and what the page says of it."""

    def __init__(self, workbench: Workbench) -> None:
        self.page = workbench.page
        self.lab = workbench.lab
        self.label = self.page.locator(".notebook-label")
        self.status = self.page.locator(".frame-status")

    async def ready(self) -> None:
        await expect(self.status).to_have_text("")

    async def shows(self, path: str, text: str) -> None:
        """Calls hit that notebook, and JupyterLab shows it: no other one."""
        await expect(self.label.locator("p")).to_have_text(f"Calls hit {path}")
        await expect(self.lab.get_by_text(text, exact=True)).to_be_in_viewport()

    async def mark(self) -> None:
        await self._window.evaluate("window.loadedOnce = true")

    async def loaded_once(self) -> bool:
        return bool(await self._window.evaluate("window.loadedOnce === true"))

    @property
    def _window(self) -> Any:
        return self.page.frames[1]

    def session(self, path: str) -> Locator:
        """The card of the session that has this current notebook."""
        current = self.page.get_by_role(
            "button", name=re.compile(rf"^{re.escape(path)}\s*current$")
        )
        return self.page.get_by_role("article").filter(has=current)


async def test_two_agents_switch_while_the_person_follows_one(
    chrome: Browser, served: Served, agent: Agent, colleague: Agent
) -> None:
    write(served, "frame-a.ipynb", "'the first'")
    write(served, "frame-b.ipynb", "'the second'")
    write(served, "frame-long.ipynb", *[f"'cell {n}'\n\n\n\n\n" for n in range(LAST + 1)])
    write(served, ODD, "'the odd one'")
    write(served, "frame-gone.ipynb", "'the gone one'")
    await agent.open("frame-a.ipynb")
    await colleague.open("frame-b.ipynb")
    async with opened(chrome, served) as workbench:
        frame = Frame(workbench)
        await frame.ready()
        await expect(frame.label).to_have_text("No notebook is chosen: calls hit none.")
        await frame.mark()
        await frame.session("frame-b.ipynb").get_by_role("button", name="Show").click()
        await frame.shows("frame-b.ipynb", "'the second'")
        await frame.session("frame-a.ipynb").get_by_role("button", name="Follow").click()
        await frame.shows("frame-a.ipynb", "'the first'")
        await asyncio.gather(agent.open("frame-long.ipynb"), colleague.open(ODD))
        await frame.shows("frame-long.ipynb", "'cell 0'")
        await agent.call("read_cell", cell_index=LAST)
        await frame.shows("frame-long.ipynb", f"'cell {LAST}'")
        await keeps_the_focus(frame, agent)
        await waits_for_the_person(frame, agent)
        await goes_on_while_hidden(frame, agent)
        await says_that_a_notebook_is_gone(frame, served)
        assert await frame.loaded_once()
        assert [one for one in workbench.complaints if "404" not in one] == []
        await says_that_sessions_ended(frame, workbench, agent)


async def keeps_the_focus(frame: Frame, agent: Agent) -> None:
    """Whoever types beside the frame goes on typing there."""
    await frame.page.get_by_text("Notebooks on disk").click()
    search = frame.page.get_by_role("searchbox")
    await search.fill("frame-")
    await agent.open(ODD)
    await frame.shows(ODD, "'the odd one'")
    await frame.page.keyboard.type("g")
    await expect(search).to_have_value("frame-g")


async def waits_for_the_person(frame: Frame, agent: Agent) -> None:
    """Nobody's cell is taken from under their hands."""
    await frame.lab.get_by_text("'the odd one'", exact=True).click()
    await agent.open("frame-a.ipynb")
    await expect(frame.status).to_contain_text("waits while you work")
    await expect(frame.label).to_contain_text(ODD)
    await frame.shows("frame-a.ipynb", "'the first'")


async def goes_on_while_hidden(frame: Frame, agent: Agent) -> None:
    await frame.page.get_by_role("button", name="Hide").click()
    await expect(frame.page.locator(".frame iframe")).not_to_be_in_viewport()
    await agent.open("frame-b.ipynb")
    await expect(frame.label).to_contain_text("Calls hit frame-b.ipynb")
    await frame.page.get_by_role("button", name="Show JupyterLab").click()
    await frame.shows("frame-b.ipynb", "'the second'")


async def says_that_a_notebook_is_gone(frame: Frame, served: Served) -> None:
    gone = frame.page.get_by_role("button", name="frame-gone.ipynb")
    await expect(gone).to_be_visible()
    (served.root / "frame-gone.ipynb").unlink()
    await gone.click()
    problem = frame.page.get_by_role("alert")
    await expect(problem).to_contain_text("frame-gone.ipynb")
    await frame.shows("frame-b.ipynb", "'the second'")


async def says_that_sessions_ended(frame: Frame, workbench: Workbench, agent: Agent) -> None:
    others = frame.session("frame-b.ipynb").get_by_role("button", name="Follow")
    await others.click()
    await agent.close()
    await expect(frame.status).to_have_text("The session that was followed has ended.")
    await workbench.release()
    # Which notebook that is depends on how many releases of the agent the page still followed.
    await expect(frame.label).to_contain_text("session has ended")


async def test_a_jupyterlab_that_takes_no_commands_or_refuses_is_said(
    chrome: Browser, served: Served
) -> None:
    write(served, "frame-c.ipynb", "'loaded anew'")
    async with opened(chrome, served) as workbench:
        frame = Frame(workbench)

        async def without(route: Route) -> None:
            answer = await route.fetch()
            text = (await answer.text()).replace("jmcp-labextension", "nothing-of-that-name")
            await route.fulfill(response=answer, body=text)

        await frame.page.route("**/lab/workspaces/**", without)
        await frame.page.get_by_role("button", name="Reload").click()
        await expect(frame.status).to_contain_text("is without jmcp's extension")
        await frame.page.get_by_text("Notebooks on disk").click()
        await frame.page.get_by_role("button", name="frame-c.ipynb").click()
        await expect(frame.label.locator("p")).to_have_text("Calls hit frame-c.ipynb")
        # Not its cells: a page that did not come from the server itself gets no socket of it.
        tab = frame.lab.get_by_role("tab", name="frame-c.ipynb")
        await expect(tab).to_be_visible()

        async def refused(route: Route) -> None:
            answer = await route.fetch()
            policy = {"content-security-policy": "frame-ancestors 'none'"}
            await route.fulfill(response=answer, headers=answer.headers | policy)

        await frame.page.route("**/lab/workspaces/**", refused)
        await frame.page.get_by_role("button", name="Reload").click()
        await expect(frame.status).to_contain_text("not to show JupyterLab here")
        link = frame.page.get_by_role("link", name="Open JupyterLab in a tab")
        assert (await link.get_attribute("href") or "").endswith("/lab/tree/frame-c.ipynb")
        await another_tab_has_another_workspace(frame, served)


async def another_tab_has_another_workspace(frame: Frame, served: Served) -> None:
    """Else JupyterLab would load twice there."""
    other = await frame.page.context.new_page()
    await other.goto(f"{served.url}jmcp/workbench")
    await other.locator("iframe[title=JupyterLab]").wait_for()
    await other.frames[1].wait_for_url("**/lab/workspaces/jmcp-2**", wait_until="commit")
    await other.close()


HEARD = """([origin, fromParent, data]) => dispatchEvent(new MessageEvent("message", {
  origin: origin ?? location.origin, source: fromParent ? parent : window, data,
}))"""
WORD = {"kind": "jmcp-frame", "id": 1, "path": "frame-hidden.ipynb", "cellId": None}
STRANGE: tuple[tuple[str | None, bool, Any], ...] = (
    ("http://evil.example", True, WORD),
    ("null", True, WORD),
    (None, False, WORD),
    (None, True, None),
    (None, True, "terminal:create-new"),
    (None, True, {"kind": "jmcp-frame", "id": 2, "command": "terminal:create-new"}),
    (None, True, WORD | {"kind": "other"}),
    (None, True, WORD | {"id": "1"}),
    (None, True, WORD | {"path": "frame-hidden.txt"}),
    (None, True, WORD | {"path": "x" * 5_000 + ".ipynb"}),
    (None, True, WORD | {"cellId": 5}),
)
"""Messages to JupyterLab in the frame: their origin, whether they are from the page around it, and what."""


@thorough
async def test_jupyterlab_takes_the_word_of_the_page_around_it_alone(
    chrome: Browser, served: Served
) -> None:
    """And from no other origin, and nothing but which notebook and cell to show."""
    write(served, "frame-told.ipynb", "'told'")
    write(served, "frame-hidden.ipynb", "'hidden'")
    async with opened(chrome, served) as workbench:
        frame = Frame(workbench)
        await frame.ready()
        await frame.page.evaluate(
            "window.heard = [], addEventListener('message', ({data}) => heard.push(data.id))"
        )
        lab = frame.page.frames[1]
        for message in STRANGE:
            await lab.evaluate(HEARD, list(message))
        told = WORD | {"id": 9, "path": "frame-told.ipynb"}
        await lab.evaluate(HEARD, [None, True, told])
        await frame.page.wait_for_function("() => heard.length")
        assert await frame.page.evaluate("heard") == [9]
        await expect(frame.lab.get_by_role("tab", name="frame-told.ipynb")).to_have_count(1)
        await expect(frame.lab.get_by_role("tab", name="frame-hidden.ipynb")).to_have_count(0)
