"""What an agent changed is reviewed on the page: accepted, reverted, undone; the agent is told."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Browser, Locator, expect

from jmcp.core.ports import DocumentMode
from tests.e2e.agent import Agent
from tests.e2e.workbench.axe import Axe
from tests.e2e.workbench.page import no_sideways_scrolling, opened
from tests.e2e.workbench.site import OWNER, serving, signed_in
from tests.fakes.jmcp import FakeJmcp
from tests.notebooks import write_notebook
from tests.served import Served
from tests.thorough import thorough

PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
MARKUP = "<img src=x onerror=alert(1)>"


def made(mode: DocumentMode = "live") -> FakeJmcp:
    jmcp = FakeJmcp(mode=mode, journaled=True)
    jmcp.documents.write("a.ipynb", "total = 1\nprint(total)", "b = 2", "c = 3", "d = 4")
    return jmcp


async def sources(jmcp: FakeJmcp) -> list[str]:
    ref = await jmcp.documents.identify("a.ipynb")
    await jmcp.documents.save(ref)
    cells: list[dict[str, Any]] = json.loads(jmcp.documents.text("a.ipynb") or "")["cells"]
    return [cell["source"] for cell in cells]


async def edit(jmcp: FakeJmcp, session: str, cell_id: str, source: str) -> None:
    arguments = {"session_id": session, "cell_id": cell_id, "cell_source": source, "force": True}
    await jmcp.call("overwrite_cell_source", OWNER, **arguments)


def cell(panel: Locator, number: int) -> Locator:
    return panel.get_by_role("article", name=f"cell {number}", exact=False)


async def test_changes_of_an_agent_are_accepted_reverted_and_undone(chrome: Browser) -> None:
    async with serving(jmcp=made()) as served, signed_in(chrome, served) as workbench:
        jmcp, page = served.jmcp, workbench.page
        agent = await jmcp.open("a.ipynb", OWNER)
        panel = await workbench.panel("Review")
        await expect(panel).to_contain_text("Choose a session above")
        await edit(jmcp, agent, "c0", f"total = 2\nprint(total, '{MARKUP}')")
        await edit(jmcp, agent, "c1", "b = 20")
        await edit(jmcp, agent, "c2", "c = 30")

        # The session is chosen, and with it its notebook.
        choice = panel.get_by_label("Changes of")
        await expect(choice.get_by_role("option")).to_have_count(2)
        await choice.select_option(value=agent)
        articles = panel.get_by_role("article")
        await expect(articles).to_have_count(3)
        tab = page.get_by_role("tab", name="Review")
        await expect(tab).to_contain_text("3")
        await expect(cell(panel, 0)).to_contain_text(MARKUP)
        await expect(cell(panel, 0)).to_contain_text("overwrite_cell_source")
        assert await panel.locator("img").count() == 0
        marked = cell(panel, 0).locator("mark")
        assert await marked.all_inner_texts() == ["1", "2", f", '{MARKUP}'"]
        await panel.get_by_role("button", name="Side by side").click()
        await expect(cell(panel, 0).locator("table")).to_have_attribute("data-view", "split")
        await page.set_viewport_size({"width": 390, "height": 844})
        await no_sideways_scrolling(page)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await panel.get_by_role("button", name="Side by side").click()

        # By keyboard: the first is accepted, the next one reverted.
        await cell(panel, 0).focus()
        await page.keyboard.press("a")
        await expect(panel.get_by_role("status")).to_have_text("Accepted cell 0. 2 cells are left.")
        await expect(articles).to_have_count(2)
        await expect(cell(panel, 1)).to_be_focused()
        await page.keyboard.press("r")
        await expect(panel.get_by_role("status")).to_have_text("Reverted cell 1. 1 cell is left.")
        accepted = f"total = 2\nprint(total, '{MARKUP}')"
        assert await sources(jmcp) == [accepted, "b = 2", "c = 30", "d = 4"]
        await expect(tab).to_contain_text("1")

        # Undone, and reverted again by its button.
        await panel.get_by_role("button", name="Undo", exact=True).click()
        await expect(articles).to_have_count(2)
        assert await sources(jmcp) == [accepted, "b = 20", "c = 30", "d = 4"]
        await panel.get_by_role("button", name="Revert cell 1").click()
        await expect(articles).to_have_count(1)
        assert await sources(jmcp) == [accepted, "b = 2", "c = 30", "d = 4"]

        # The agent is told by its next call, and goes on; the page shows that.
        told = await jmcp.call("read_notebook", OWNER, session_id=agent)
        (notice,) = [one for one in told["notices"] if one["code"] == "cells_changed"]
        assert notice["details"]["cells"] == ["c1"]
        await jmcp.call("delete_cell", OWNER, session_id=agent, cell_ids=["c3"], force=True)
        await expect(articles).to_have_count(2)
        await expect(tab).to_contain_text("2")

        # What somebody typed over needs force.
        jmcp.documents.type_over("a.ipynb", "c2", "c = 'typed'")
        await panel.get_by_role("button", name="Revert all").click()
        alert = panel.get_by_role("alert")
        await expect(alert).to_contain_text("c = 'typed'")
        await expect(articles).to_have_count(2)
        assert await Axe(page).grave() == []
        await alert.get_by_role("button", name="Force").click()
        await expect(panel).to_contain_text("Nothing is left to review.")
        assert await sources(jmcp) == [accepted, "b = 2", "c = 3", "d = 4"]
        await expect(tab).to_have_text("Review")

        # One change with several cells, and its acceptance withdrawn.
        edits = [{"op": "overwrite", "cell": one, "source": "x"} for one in ("c1", "c2")]
        await jmcp.call("apply_edits", OWNER, session_id=agent, edits=edits, force=True)
        await expect(articles).to_have_count(2)
        await panel.get_by_text("1 change, one by one").click()
        await panel.get_by_role("button", name="Accept change").click()
        await expect(articles).to_have_count(0)
        await panel.get_by_role("button", name="Undo", exact=True).click()
        await expect(articles).to_have_count(2)
        complaints = [one for one in workbench.complaints if "409" not in one]
        assert complaints == [], "a refusal is one for the browser too"


@thorough
async def test_a_review_goes_on_after_a_reload_and_without_the_agent(chrome: Browser) -> None:
    """By the journal and the page's own session, whatever has become of the agent's."""
    async with serving(jmcp=made("file")) as served, signed_in(chrome, served) as workbench:
        jmcp, page = served.jmcp, workbench.page
        agent = await jmcp.open("a.ipynb", OWNER)
        await edit(jmcp, agent, "c1", "b = 20")
        await edit(jmcp, agent, "c2", "c = 30")
        panel = await workbench.panel("Review")
        await panel.get_by_label("Changes of").select_option(value=agent)
        await panel.get_by_role("button", name="Revert cell 1").click()
        await expect(panel.get_by_role("article")).to_have_count(1)
        await jmcp.call("unuse_notebook", OWNER, session_id=agent)
        await page.reload()
        panel = await workbench.panel("Review")
        await expect(cell(panel, 2)).to_contain_text("c = 30")
        await panel.get_by_role("button", name="Undo last revert").click()
        await expect(cell(panel, 1)).to_contain_text("b = 20")
        await panel.get_by_role("button", name="Revert all").click()
        await expect(panel).to_contain_text("Nothing is left to review.")
        assert (await sources(jmcp))[1:] == ["b = 2", "c = 3", "d = 4"]
        assert workbench.complaints == []


@thorough
async def test_a_cell_of_a_review_is_shown_and_reverted_in_jupyterlab(
    chrome: Browser, served: Served, agent: Agent
) -> None:
    """In the live document, which the frame shows: the last of many cells, out of sight at first."""
    count = 30
    texts = [f"'line {number}'\n\n\n\n\n" for number in range(count)]
    write_notebook(served.root / "review.ipynb", *texts, kernelspec=PYTHON)
    await agent.open("review.ipynb")
    cell_id = (await agent.call("read_cell", cell_index=count - 1))["cell_id"]
    # As long as JupyterLab may be wrong about where a cell is that it has not drawn yet.
    changed = "'by the agent'" + "\n" * 12 + "'its end'"
    await agent.call("overwrite_cell_source", cell_id=cell_id, cell_source=changed)
    async with opened(chrome, served) as workbench:
        panel = await workbench.panel("Review")
        await panel.get_by_label("Changes of").select_option(value=agent.session_id)
        await expect(workbench.lab.get_by_text("'line 0'", exact=True)).to_be_in_viewport()
        row = cell(panel, count - 1)
        await row.get_by_role("button", name="Show in notebook").click()
        await expect(workbench.lab.get_by_text("'its end'", exact=True)).to_be_in_viewport()
        await row.get_by_role("button", name="Revert").click()
        await expect(panel).to_contain_text("Nothing is left to review.")
        await expect(workbench.lab.get_by_text(f"'line {count - 1}'")).to_have_count(1)
        told = await agent.call("read_cell", cell_id=cell_id)
        assert told["source"] == texts[-1]
        assert "cells_changed" in [one["code"] for one in told["notices"]]
