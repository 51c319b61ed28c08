"""The API docs page as it is served to a person, with nothing but this server to ask."""

from __future__ import annotations

import pytest

from jmcp.compose import API
from tests.e2e.lab import browser, chromium
from tests.served import Served

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")


async def test_it_renders_whole_and_asks_nobody_else(served: Served) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    said: list[tuple[str, str]] = []
    async with browser() as chrome:
        page = await chrome.new_page(viewport={"width": 1200, "height": 900}, color_scheme="dark")
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.on("console", lambda message: said.append((message.type, message.text)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{served.url}jmcp/docs?token={served.token}")
        operations = page.locator(".opblock")
        await operations.first.wait_for()
        assert await operations.count() == len(API.routes)
        text = "getComputedStyle(document.querySelector('.info .title')).color"
        dark_text = await page.evaluate(text)
        for method in ("get", "post"):
            operation = page.locator(f".opblock-{method}").first
            await operation.locator("button.opblock-summary-control").click()
            await operation.get_by_text("Responses", exact=True).first.wait_for()
        await page.wait_for_load_state("networkidle")
        # None of them sticks out of a narrow window.
        await page.set_viewport_size({"width": 400, "height": 900})
        overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0
        await page.emulate_media(color_scheme="light")
        await page.locator("html:not(.dark-mode)").wait_for()
        assert await page.evaluate(text) != dark_text
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []
    assert complaints == []
    # What a Content-Security-Policy kept from running would be here too.
    assert [text for kind, text in said if kind in ("error", "warning")] == []
