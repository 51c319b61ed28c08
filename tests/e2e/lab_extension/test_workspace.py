"""What an agent learns of a person's page, and shows there, without taking anything out of their hands."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.agent import Agent, eventually, write
from tests.e2e.lab import Lab, chromium
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
LAST = 29
HIGHLIGHTED = ".jmcp-mod-shown"
A_MINUTE_LATER = """
(real => performance.now = () => real() + 60_000)(performance.now.bind(performance))"""


async def test_an_agent_asks_what_the_person_looks_at_and_points_at_a_cell(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "look.ipynb", *[f"x = {n}\n\n\n" for n in range(LAST + 1)], **PYTHON)
    write(plain_lab, "other.ipynb", "y = 1", **PYTHON)
    write(plain_lab, "third.ipynb", "z = 1", **PYTHON)
    assert await plain_agent.refused("get_user_context") == "no_lab_page"
    lab = await Lab.open(chrome, plain_lab, "look.ipynb")
    await is_connected(plain_agent)
    health = httpx2.get(f"{plain_lab.url}mcp/healthz", headers=plain_lab.headers).json()
    assert (health["notebooks"], health["pages"]) == ("jmcp", 1)
    await it_is_brought_into_view(lab, plain_agent)
    await what_is_selected_is_seen(lab, plain_agent)
    await nothing_moves_under_the_hands_of_who_types(lab, plain_agent)
    await a_notebook_without_a_tab_is_opened(lab, plain_agent)
    await lab.close()
    assert await plain_agent.refused("get_user_context") == "no_lab_page"


async def is_connected(agent: Agent) -> None:
    async def connected() -> bool:
        return (await agent.ask("get_user_context")).error is None

    await eventually(connected, "the page is connected")
    seen = await agent.call("get_user_context")
    assert (seen["notebook_path"], seen["pages"], seen["idle_seconds"]) == ("look.ipynb", 1, None)
    assert (seen["cell"]["cell_id"], seen["cell"]["source"]) == ("c0", "x = 0\n\n\n")
    assert (seen["app"], seen["visible"], seen["other_tab"]) == ("lab", True, None)


async def it_is_brought_into_view(lab: Lab, agent: Agent) -> None:
    shown = await agent.call("show_in_lab", notebook_path="look.ipynb", cell_id=f"c{LAST}")
    assert (shown["opened"], shown["in_front"], shown["scrolled"]) == (False, True, True)
    await expect(lab.cell(LAST)).to_be_in_viewport()
    await expect(lab.page.locator(HIGHLIGHTED)).to_contain_text(f"x = {LAST}")
    assert (await agent.call("get_user_context"))["cell"]["cell_id"] == "c0", "still selected"


async def what_is_selected_is_seen(lab: Lab, agent: Agent) -> None:
    await lab.cell(1).locator(".cm-content").click()
    await lab.page.keyboard.press("Control+Home")
    await lab.page.keyboard.press("Shift+End")
    seen = await agent.call("get_user_context")
    assert seen["cell"]["cell_index"] == 1
    selection = seen["selection"]
    assert (selection["text"], selection["place"]) == ("x = 1", "source")
    assert [
        selection[f"{at}_{what}"] for at in ("start", "end") for what in ("line", "column")
    ] == [
        *(1, 1),
        *(1, 6),
    ]
    assert seen["idle_seconds"] < 60
    await lab.page.keyboard.type("z")
    seen = await agent.call("get_user_context")
    assert (seen["cell"]["source"], seen["selection"]["text"]) == ("z\n\n\n", "")
    assert (seen["selection"]["start_line"], seen["selection"]["start_column"]) == (1, 2)


async def nothing_moves_under_the_hands_of_who_types(lab: Lab, agent: Agent) -> None:
    before = await scrolled(lab.cell(1))
    await lab.page.keyboard.type("z")
    shown = await agent.call("show_in_lab", notebook_path="look.ipynb", cell_index=LAST)
    assert (shown["in_front"], shown["scrolled"]) == (True, False)
    await expect(lab.page.locator(HIGHLIGHTED)).to_have_count(1)
    assert await scrolled(lab.cell(1)) == before
    await lab.page.keyboard.type("z")
    shown = await agent.call("show_in_lab", notebook_path="other.ipynb", cell_index=0)
    assert (shown["opened"], shown["in_front"], shown["scrolled"]) == (True, False, False)
    await lab.page.keyboard.type("z")
    assert (await agent.call("get_user_context"))["cell"]["source"] == "zzzz\n\n\n"
    # The person turns to it, and finds what is meant.
    await lab.page.get_by_role("tab", name="other.ipynb").click()
    await expect(lab.page.locator(HIGHLIGHTED, has_text="y = 1")).to_be_visible()


async def a_notebook_without_a_tab_is_opened(lab: Lab, agent: Agent) -> None:
    await lab.page.evaluate(A_MINUTE_LATER)
    held = await focused(lab)
    shown = await agent.call("show_in_lab", notebook_path="third.ipynb", cell_id="c0")
    assert (shown["opened"], shown["in_front"], shown["scrolled"]) == (True, True, True)
    await expect(lab.page.locator(HIGHLIGHTED, has_text="z = 1")).to_be_visible()
    assert await focused(lab) in (held, "BODY"), "the keyboard went to no other notebook"
    seen = await agent.call("get_user_context")
    assert (seen["notebook_path"], seen["idle_seconds"] > 50) == ("third.ipynb", True)
    others = [row["notebook_path"] for row in seen["open_notebooks"]]
    assert sorted(others) == ["look.ipynb", "other.ipynb"]


async def focused(lab: Lab) -> Any:
    return await lab.page.evaluate(
        "(node => node.closest('.jp-NotebookPanel')?.id ?? node.nodeName)(document.activeElement)"
    )


async def scrolled(cell: Locator) -> Any:
    return await cell.evaluate("cell => cell.getBoundingClientRect().top")


@thorough
async def test_a_console_in_front_rendered_text_and_selected_outputs(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "kinds.ipynb", "print('an output')", **PYTHON)
    lab = await Lab.open(chrome, plain_lab, "kinds.ipynb")
    await connected_with(plain_agent, "kinds.ipynb")
    await plain_agent.open("kinds.ipynb")
    await plain_agent.call(
        "insert_cell", cell_index=1, cell_type="markdown", cell_source="# A title"
    )
    await plain_agent.call("execute_cell", cell_index=0)
    await expect(lab.outputs(0)).to_contain_text("an output")
    await lab.outputs(0).locator("pre").select_text()
    seen = await plain_agent.call("get_user_context")
    assert (seen["selection"]["text"], seen["selection"]["place"]) == ("an output", "shown")
    assert seen["selection"]["start_line"] is None
    await lab.cell(1).click()
    await lab.page.keyboard.press("Control+Enter")
    seen = await plain_agent.call("get_user_context")
    assert (seen["cell"]["cell_type"], seen["cell"]["rendered"]) == ("markdown", True)
    assert seen["selection"] is None
    await lab.page.keyboard.press("Shift+ArrowUp")
    seen = await plain_agent.call("get_user_context")
    assert [one["cell_index"] for one in seen["selected_cells"]] == [0, 1]
    await lab.menu("File", "New Console for Notebook")
    await lab.page.locator(".jp-CodeConsole").wait_for()

    async def console() -> bool:
        seen = await plain_agent.call("get_user_context")
        return seen["notebook_path"] is None and bool(seen["other_tab"])

    await eventually(console, "the console is in front")
    seen = await plain_agent.call("get_user_context")
    assert [row["notebook_path"] for row in seen["open_notebooks"]] == ["kinds.ipynb"]
    assert (seen["cell"], seen["selection"]) == (None, None)
    await lab.close()


@thorough
async def test_a_cell_far_outside_of_the_window_is_brought_into_view(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "long.ipynb", *[f"n = {n}\n\n\n\n\n\n" for n in range(300)], **PYTHON)
    write(plain_lab, "short.ipynb", "1", **PYTHON)
    async with setting(plain_lab, "@jupyterlab/notebook-extension:tracker", windowingMode="full"):
        lab = await Lab.open(chrome, plain_lab, "short.ipynb")
        await connected_with(plain_agent, "short.ipynb")
        for cell in (290, 3, 150):
            shown = await plain_agent.call(
                "show_in_lab", notebook_path="long.ipynb", cell_index=cell
            )
            assert (shown["in_front"], shown["scrolled"]) == (True, True)
            wanted = lab.page.locator(HIGHLIGHTED, has_text=f"n = {cell}")
            await expect(wanted).to_be_in_viewport()
        await lab.close()


@thorough
async def test_the_person_switches_both_off(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "off.ipynb", "1", **PYTHON)
    off = {"userContext": False, "showInLab": False}
    async with setting(plain_lab, "jmcp-labextension:workspace", **off):
        lab = await Lab.open(chrome, plain_lab, "off.ipynb")

        async def connected() -> bool:
            return await plain_agent.refused("get_user_context") != "no_lab_page"

        await eventually(connected, "the page is connected")
        assert await plain_agent.refused("get_user_context") == "lab_page_refused"
        refused = await plain_agent.refused("show_in_lab", notebook_path="off.ipynb")
        assert refused == "lab_page_refused"
        await lab.close()


async def connected_with(agent: Agent, path: str) -> None:
    async def connected() -> bool:
        answer = await agent.ask("get_user_context")
        return answer.result is not None and answer.result["notebook_path"] == path

    await eventually(connected, f"a page with {path} in front is connected")


@asynccontextmanager
async def setting(served: Served, plugin: str, **values: Any) -> AsyncIterator[None]:
    """The person's settings of a plugin of JupyterLab, for pages that are loaded meanwhile."""
    url = f"{served.url}lab/api/settings/{plugin}"
    async with httpx2.AsyncClient(headers=served.headers) as http:
        before = (await http.get(url)).json()["raw"]
        saved = await http.put(url, json={"raw": json.dumps(values)})
        assert saved.status_code == 204, saved.text
        try:
            yield
        finally:
            await http.put(url, json={"raw": before})
