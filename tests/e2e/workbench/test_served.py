"""The page of a real server, in JupyterLab's own process: restarted, logged out, with huge outputs."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, expect

from tests.e2e.agent import connected_agent
from tests.e2e.workbench.page import opened
from tests.notebooks import write_notebook
from tests.served import serve
from tests.thorough import thorough

pytestmark = thorough

LONGEST_STILL_MILLISECONDS = 2_000
"""Between two frames of the page, on a machine that is busy with the output."""
ANOTHER_TOKEN = "another-token"
CHARACTERS = 50_000_000
STILL = """() => {
    window.longestStill = 0;
    let last = performance.now();
    const frame = (now) => {
        window.longestStill = Math.max(window.longestStill, now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


async def test_a_server_that_is_restarted_and_a_login_that_ended(
    chrome: Browser, tmp_path: Path
) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    write_notebook(root / "a.ipynb", "1 + 1")
    with serve(home, root) as first:
        port = str(urlsplit(first.url).port)
        async with opened(chrome, first) as workbench:
            page, log = workbench.page, await workbench.panel("Log")
            state, alert = page.locator(".connection"), page.locator(".connection-trouble")
            async with connected_agent(first) as agent:
                await agent.open("a.ipynb")
            await expect(log.get_by_text("unuse_notebook")).to_be_visible()
            first.process.terminate()
            await expect(state).to_have_text("not connected")
            first.process.wait()
            with serve(home, root, "--port", port) as second:
                await expect(state).to_have_text("live")
                async with connected_agent(second) as agent:
                    await agent.open("a.ipynb")
                await expect(log.get_by_text("The server was started again at")).to_be_visible()
                await expect(log.get_by_text("unuse_notebook")).to_have_count(2)
            # One that knows neither the logins nor the token of before.
            for secret in home.rglob("jupyter_cookie_secret"):
                secret.unlink()
            with serve(home, root, "--port", port, "--token", ANOTHER_TOKEN):
                await expect(state).to_have_text("signed out")
                await expect(log.get_by_text("unuse_notebook")).to_have_count(2)
                async with page.context.expect_page() as opening:
                    await alert.get_by_role("link", name="Log in to Jupyter").click()
                login = await opening.value
                await login.get_by_label("Password or token").fill(ANOTHER_TOKEN)
                await login.get_by_role("button", name="Log in", exact=True).click()
                await login.wait_for_url("**/lab**")
                await alert.get_by_role("button", name="Try now").click()
                await expect(state).to_have_text("live")


async def test_an_output_of_50_megabytes_keeps_the_page_moving(
    chrome: Browser, tmp_path: Path
) -> None:
    with serve(tmp_path / "home", tmp_path / "root") as served:
        write_notebook(served.root / "big.ipynb", f"print('x' * {CHARACTERS})")
        async with opened(chrome, served) as workbench, connected_agent(served) as agent:
            log = await workbench.panel("Log")
            await agent.open("big.ipynb")
            await expect(workbench.lab.locator("#jp-main-dock-panel")).to_be_visible()
            await workbench.page.evaluate(STILL)
            await agent.call("execute_cell", cell_index=0)
            row = log.get_by_role("listitem").filter(has_text="execute_cell")
            await row.get_by_role("button").click()
            await expect(row).to_contain_text("left_out")
            await log.get_by_role("searchbox", name="Find calls").fill("execute_cell")
            await expect(row).to_have_count(1)
            still = await workbench.page.evaluate("longestStill")
            assert still < LONGEST_STILL_MILLISECONDS
