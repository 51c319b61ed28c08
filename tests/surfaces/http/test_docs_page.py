"""The API docs page in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from jmcp.compose import API
from tests.e2e.lab import chromium
from tests.jupyter_process import TOKEN
from tests.surfaces.conftest import ExtensionServer


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    browser_path = chromium()
    if browser_path is None:
        pytest.skip("no chromium on the PATH")
    async with async_playwright() as playwright:
        # Chromium's own sandbox does not start as root, as in a container.
        browser = await playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        yield await browser.new_page()
        await browser.close()


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
    operation = page.locator("details#list_kernels")
    await operation.wait_for()
    assert TOKEN not in page.url
    assert await page.locator("#operations details.operation").count() == len(API.routes)

    await operation.locator("summary").click()
    await operation.get_by_role("button", name="Send").click()
    answer = operation.locator("form pre")
    await answer.filter(has_text="kernelspecs").wait_for()
    assert "200 OK" in await answer.inner_text()

    await operation.get_by_role("button", name="KernelList").click()
    assert await page.locator("details#schema-KernelList pre").is_visible()

    # With a body, and something in it that must stay text.
    operation = page.locator("details#use_notebook")
    await operation.locator("summary").click()
    await operation.locator("textarea").fill('{"notebook_path": "<img src=x onerror=alert(1)>"}')
    await operation.get_by_role("button", name="Send").click()
    await operation.locator("form pre").filter(has_text="<img src=x").wait_for()
    assert await page.locator("img").count() == 0
    assert all(url.startswith(extension.url) for url in asked), asked
    # The browser reports every answer that is not a success; nothing else is there.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
