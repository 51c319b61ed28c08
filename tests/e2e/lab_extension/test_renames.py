"""A notebook that is renamed while windows have it open, or open it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Route, WebSocket

from tests.e2e.agent import write
from tests.e2e.lab import COLLABORATION, chromium, serve_lab
from tests.e2e.lab_extension.interleaving.person_side import Window
from tests.served import Served
from tests.thorough import fast_only

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
BOUND_SECONDS = 30


async def test_a_window_opens_a_notebook_that_was_just_renamed(
    tmp_path: Path, chrome: Browser
) -> None:
    """Before its room, which has been open all the time, looks at the file again."""
    with serve_lab(tmp_path, without=COLLABORATION, look_seconds=3600.0) as served:
        write(served, "old.ipynb", "1", **PYTHON)
        first, second = [await Window.open(chrome, served) for _ in range(2)]
        await first.call("open", "old.ipynb")
        await first.call("rename", "old.ipynb", "new.ipynb")
        try:
            async with asyncio.timeout(BOUND_SECONDS):
                await second.call("open", "new.ipynb")
        except TimeoutError:
            pytest.fail(await second.shown())
        for window in (first, second):
            assert await window.call("paths") == ["new.ipynb"]
            assert await window.dialogs() == []
            await window.close()


@pytest.mark.parametrize("told", fast_only([True, False], False))
async def test_a_notebook_that_is_renamed_while_a_window_loads_it_is_not_reverted(
    plain_lab: Served, chrome: Browser, told: bool
) -> None:
    """JupyterLab then asks for it again, as it does for "Reload Notebook from Disk". `told`: whether the
    window knows of the rename before it is answered that there is no file."""
    old, new = f"before{told}.ipynb", f"after{told}.ipynb"
    write(plain_lab, old, "1", **PYTHON)
    first, second = [await Window.open(chrome, plain_lab) for _ in range(2)]
    await first.call("open", old)
    asked: list[str] = []
    joined, reached, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if joined.is_set():
            reached.set()
            await go_on.wait()
        await route.continue_()

    def connects(socket: WebSocket) -> None:
        if "/room/" in socket.url:
            joined.set()

    second.page.on("websocket", connects)
    second.page.on("request", lambda request: asked.append(request.url))
    await second.page.route(f"**/api/contents/{old}*", hold)
    async with asyncio.timeout(BOUND_SECONDS):
        opening = asyncio.create_task(second.call("open", old))
        await reached.wait()
        if not told:
            await second.hold()
        await first.call("rename", old, new)
        if told:
            await second.page.wait_for_function("to => person.paths().join() === to", arg=new)
        go_on.set()
        await opening
    await second.back()
    assert [url for url in asked if "/revert" in url] == []
    assert await second.call("paths") == [new]
    assert await second.dialogs() == []
    for window in (first, second):
        await window.close()
