"""The API docs page in a real browser, inside Jupyter below a base_url."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page

from jmcp.compose import API
from tests.e2e.lab import browser, chromium
from tests.jupyter_process import TOKEN
from tests.surfaces.conftest import ExtensionServer


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    if chromium() is None:
        pytest.skip("no chromium on the PATH")
    async with browser() as chrome:
        yield await chrome.new_page()


async def answer(operation: Locator) -> str:
    """What the operation answers to the request that its form makes."""
    await operation.get_by_role("button", name="Execute").click()
    live = operation.locator(".live-responses-table")
    await live.wait_for()
    return await live.inner_text()


async def opened(page: Page, tag: str, name: str) -> Locator:
    operation = page.locator(f"#operations-{tag}-{name}")
    await operation.locator("button.opblock-summary-control").click()
    return operation


async def test_a_person_can_try_a_call(extension: ExtensionServer, page: Page) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{extension.url}/jmcp/docs?token={TOKEN}")
    await page.locator(".opblock").first.wait_for()
    assert TOKEN not in page.url
    assert await page.locator(".opblock").count() == len(API.routes)

    shown = await answer(await opened(page, "kernels", "list_kernels"))
    assert shown.split()[2] == "200"
    assert "kernelspecs" in shown

    # With a body, and something in it that must stay text.
    operation = await opened(page, "notebooks", "use_notebook")
    danger = '{"notebook_path": "<img src=x onerror=alert(1)>"}'
    await operation.locator("textarea").fill(danger)
    assert "<img src=x" in await answer(operation)
    assert await page.locator("img").count() == 0

    # What a logged-in person may do without a token.
    await page.goto(f"{extension.url}/login?token={TOKEN}")
    await page.goto(f"{extension.url}/jmcp/docs")
    operation = await opened(page, "notebooks", "use_notebook")
    await operation.locator("textarea").fill(danger)
    assert "path_refused" in await answer(operation)

    assert all(url.startswith((extension.url, "data:")) for url in asked), asked
    pages = (f"{extension.url}/jmcp/docs?", f"{extension.url}/login?")
    assert [url for url in asked if "token=" in url and not url.startswith(pages)] == []
    # The browser reports every answer that is not a success; nothing else is there.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
