"""The workbench and JupyterLab in a platform's page: shown to listed origins, and scripted by no notebook."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat as untyped_nbformat
import pytest
from playwright.async_api import Browser, Frame, Page, expect

from tests.e2e.agent import connected_agent
from tests.e2e.lab import PATIENCE_MILLISECONDS
from tests.e2e.workbench.embedding import Embedded, embedded, partitioning_browser
from tests.served import standalone
from tests.thorough import fast_only, thorough

nbformat: Any = untyped_nbformat
SCRIPT = "for(const w of[self,parent,top])try{w.owned=1}catch{}"
"""Marks every page that it can reach; without quotes, so that it fits into an attribute."""

IMAGE = f"<img src=x onerror={SCRIPT}>"
HOSTILE = f"{IMAGE}.ipynb"
HTML = (
    f"<script>{SCRIPT}</script>{IMAGE}<svg onload={SCRIPT}></svg>"
    f"<a href='javascript:{SCRIPT}'>link</a><iframe srcdoc='<script>{SCRIPT}</script>'></iframe>"
    f"<details open ontoggle={SCRIPT}>x</details><math><mtext></mtext><mglyph><style><!--</style>{IMAGE}"
)
SVG = (
    f"<svg xmlns='http://www.w3.org/2000/svg' onload='{SCRIPT}' width='9' height='9'>"
    f"<script>{SCRIPT}</script><foreignObject><body>{IMAGE}</body></foreignObject></svg>"
)
ANSI = f"\x1b[31m{IMAGE}\x1b[0m\x1b]8;;javascript:{SCRIPT}\x07click\x1b]8;;\x07\x1b[38;5;<9m"
WIDGET = {"model_id": f"'>{IMAGE}", "version_major": 2, "version_minor": 0}
END = "the end of what is hostile"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded(tmp_path_factory.mktemp("embedded")) as made:
        hostile_notebook(made.served.root / HOSTILE)
        yield made


@pytest.fixture
async def chrome(tmp_path: Path) -> AsyncIterator[Browser]:
    async with partitioning_browser(tmp_path) as launched:
        yield launched


@pytest.fixture
async def page(chrome: Browser) -> AsyncIterator[Page]:
    context = await chrome.new_context(viewport={"width": 1800, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    yield page
    await context.close()


def hostile_notebook(path: Path) -> None:
    v4 = nbformat.v4
    bundles: list[dict[str, Any]] = [
        {"text/html": HTML, "text/plain": IMAGE},
        {"image/svg+xml": SVG},
        {"application/javascript": SCRIPT},
        {"text/markdown": HTML},
        {"text/latex": rf"$\href{{javascript:{SCRIPT}}}{{x}}$ {IMAGE}"},
        {"application/vnd.jupyter.widget-view+json": WIDGET, "text/plain": "widget"},
        {f"text/{IMAGE}": "x", "text/plain": "of an unknown type"},
    ]
    outputs = [v4.new_output("display_data", data) for data in bundles]
    outputs.append(v4.new_output("stream", text=ANSI, name="stdout"))
    outputs.append(v4.new_output("error", ename=IMAGE, evalue=IMAGE, traceback=[ANSI]))
    outputs.append(v4.new_output("stream", text=END, name="stdout"))
    markdown = f'# {IMAGE}\n[link](javascript:{SCRIPT})\n\n{HTML}\n\n![x](x"onerror={SCRIPT})'
    cells = [v4.new_markdown_cell(markdown), v4.new_code_cell(IMAGE, outputs=outputs)]
    metadata = {"title": IMAGE, "kernelspec": {"name": "python3", "display_name": IMAGE}}
    notebook = v4.new_notebook(cells=cells, metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


async def frame_of(page: Page, title: str) -> Frame:
    element = await page.wait_for_selector(f"iframe[title={title}]")
    assert element is not None
    frame = await element.content_frame()
    assert frame is not None
    return frame


async def both_shown(page: Page) -> None:
    workbench = page.frame_locator("iframe[title=Workbench]")
    await expect(workbench.locator(".connection")).to_have_text("live")
    # In a narrow frame one half of the workbench is shown at a time.
    within = workbench.frame_locator("iframe").locator("#jp-main-dock-panel")
    await expect(within).to_be_attached()
    lab = page.frame_locator("iframe[title=JupyterLab]")
    await expect(lab.locator("#jp-main-dock-panel")).to_be_visible()


async def test_a_page_of_another_origin_is_refused(platform: Embedded, page: Page) -> None:
    refusals: list[str] = []
    page.on("console", lambda said: refusals.append(said.text))
    async with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        await page.goto(platform.unlisted)
    for title in ("Workbench", "JupyterLab"):
        frame = await frame_of(page, title)
        await frame.wait_for_url("chrome-error://chromewebdata/")
        assert await frame.locator("#workbench, #jp-main-dock-panel").count() == 0
    assert [one for one in refusals if "Framing 'http://127.0.0.1" in one], refusals


@pytest.mark.parametrize("where", fast_only(["same_site", "other_site"], "other_site"))
async def test_a_listed_origin_shows_both_and_a_hostile_notebook_scripts_neither_page(
    platform: Embedded, page: Page, where: str
) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"{request.url} {request.post_data}"))
    page.on("response", lambda response: seen.append(str(response.headers)))
    await page.goto(getattr(platform, where))
    await both_shown(page)
    partitions = [cookie.get("partitionKey") for cookie in await page.context.cookies()]
    assert partitions == [None if where == "same_site" else "http://localhost"] * 2
    assert not [one for one in seen if platform.served.token in one]
    assert platform.served.token not in await page.content()
    async with connected_agent(platform.served) as agent:
        await agent.open(HOSTILE)
        await agent.ask("execute_code", code=f"print({ANSI!r}); raise Exception({IMAGE!r})")
        await shown_everywhere(page, platform)
    for frame in page.frames:
        assert await frame.evaluate("self.owned") is None, frame.url
        assert await frame.locator("a[href^='javascript:']").count() == 0, frame.url
    # Even what runs in JupyterLab, as code of the person's own may, does not reach the platform.
    lab = await frame_of(page, "JupyterLab")
    await lab.evaluate(SCRIPT)
    assert await lab.evaluate("self.owned") == 1
    assert await page.evaluate("self.owned") is None


async def shown_everywhere(page: Page, platform: Embedded) -> None:
    """The notebook in JupyterLab, and what an agent did with it in the workbench."""
    lab = await frame_of(page, "JupyterLab")
    await lab.goto(f"{platform.served.url}lab/tree/{quote(HOSTILE)}?reset")
    await expect(lab.get_by_text(END)).to_be_visible()
    workbench = await frame_of(page, "Workbench")
    await expect(workbench.get_by_text(HOSTILE).first).to_be_visible()
    await workbench.get_by_role("tab", name="Log").click()
    rows = workbench.get_by_role("list", name="Calls", exact=True).get_by_role("listitem")
    await rows.nth(0).get_by_role("button").first.click()
    await expect(rows.nth(0)).to_contain_text(IMAGE)


READ = """() => {
  const reads = {
    document: () => parent.document.title,
    storage: () => parent.sessionStorage.length,
    write: () => (parent.owned = 1),
    own: () => Object.keys(sessionStorage).filter((key) => key.startsWith("jmcp.")).length,
  };
  const found = {};
  for (const [name, read] of Object.entries(reads)) {
    try { found[name] = read(); } catch (error) { found[name] = error.name; }
  }
  return found;
}"""
"""What trusted output may try, which JupyterLab runs in its own window."""


@thorough
async def test_what_runs_in_lab_cannot_read_the_workbench_of_a_server_of_its_own(
    platform: Embedded, page: Page, tmp_path: Path
) -> None:
    """A workbench on another port than JupyterLab is of another origin."""
    served, port = platform.served, str(platform.alone_port)
    await page.goto(f"{served.url}lab?token={served.token}")
    with standalone(tmp_path / "home", served, "--port", port) as alone:
        await page.goto(f"{alone.url}jmcp/workbench")
        await page.get_by_label("token").fill(alone.token)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator(".connection")).to_have_text("live")
        lab = await frame_of(page, "JupyterLab")
        await lab.goto(f"{served.url}lab")
        await expect(lab.locator("#jp-main-dock-panel")).to_be_visible()
        assert await lab.evaluate(READ) == {
            "document": "SecurityError",
            "storage": "SecurityError",
            "write": "SecurityError",
            "own": 0,
        }
        assert await page.evaluate("self.owned") is None
