"""Each user's server on a host of its own: the workbench in a frame of the platform page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from tests.e2e.lab import browser
from tests.hub.hub_user import hub_user
from tests.hub.running_hub import RunningHub, running_hub
from tests.hub.test_platform_page import page_of, the_server_starts
from tests.node_tools import NodeTools
from tests.notebooks import write_notebook
from tests.thorough import thorough

pytestmark = thorough

FRAMED = """(url) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  const done = (what) => { frame.remove(); resolve(what); };
  document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
  frame.src = url;
  document.body.append(frame);
})"""


async def test_the_workbench_is_in_a_frame_on_the_users_own_origin(
    tmp_path: Path, node_tools: NodeTools
) -> None:
    async with running_hub(tmp_path / "hub", node_tools, subdomains=True) as hub:
        for name in ("pia", "eve"):
            write_notebook(hub.folder(name) / f"{name}.ipynb", "1 + 1")
        async with browser() as chrome, page_of(chrome, hub, "pia") as page:
            await the_server_starts(page)
            pia = await hub_user(hub, "pia")
            await pia.session("agent.ipynb", "2 + 2")
            await the_workbench_comes_up(hub, page)
            await what_another_page_may_not(hub, page)
            await a_login_that_ended_is_said(hub, page)


async def the_workbench_comes_up(hub: RunningHub, page: Page) -> None:
    """With JupyterLab in its own frame, logged in by the Hub's cookies, and no token in any URL."""
    await page.get_by_role("link", name="Open the workbench").click()
    workbench = page.frame_locator("iframe[title=Workbench]")
    await expect(workbench.locator(".connection")).to_have_text("live")
    await expect(workbench.get_by_text("agent.ipynb").first).to_be_visible()
    lab = workbench.frame_locator("iframe[title=JupyterLab]")
    await expect(lab.locator("#jp-main-dock-panel")).to_be_visible()
    hosts = {urlsplit(frame.url).hostname for frame in page.frames}
    assert hosts == {"jmcp--service.hub.localhost", "pia.hub.localhost"}
    assert not [frame.url for frame in page.frames if "token" in frame.url]
    await expect(page.get_by_role("alert")).to_have_count(0)


async def what_another_page_may_not(hub: RunningHub, page: Page) -> None:
    """The page frames its own person's server and no other; no page frames it."""
    other = await page.context.new_page()
    answer = await other.goto(f"{hub.gateway}/")
    assert answer is not None
    foreign = f"http://eve.hub.localhost:{urlsplit(hub.url).port}/user/eve/lab"
    assert await other.evaluate(FRAMED, foreign) == "frame-src"
    policy = answer.headers["content-security-policy"]
    await other.close()
    assert "frame-ancestors 'none'" in policy
    # Through the Hub's host, where the login is, to the person's own.
    assert f"frame-src http://pia.hub.localhost:{urlsplit(hub.url).port} {hub.url};" in policy


async def a_login_that_ended_is_said(hub: RunningHub, page: Page) -> None:
    """The Hub knows the browser no more: its login does not come up in the frame, and the page says so."""
    await page.context.clear_cookies(domain="hub.localhost")
    await page.context.clear_cookies(domain="pia.hub.localhost")
    await page.reload()
    banner = page.get_by_role("alert")
    await expect(banner).to_contain_text("The workbench has not come up")
    await banner.get_by_role("link", name="log in again").click()
    await page.get_by_label("Username").fill("pia")
    await page.get_by_label("Password").fill("demo")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="My Jupyter server")).to_be_visible()
