"""A person's window with JupyterLab: one page, in which one notebook after another is open."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from playwright.async_api import Browser, BrowserContext, Page, Response

from tests.e2e.lab_extension.interleaving.ledger import Cell, Ledger, marks
from tests.e2e.lab_extension.interleaving.steps import Step
from tests.served import Served

SCRIPT = Path(__file__).with_name("tab.js")
RUN_SECONDS = 30
SHOWN_SECONDS = 5
"""A page that hangs answers nothing."""
NETWORK = "A connection to the Jupyter server could not be established"
"""JupyterLab's own dialog when the network is gone, which no extension of a document prevents."""
LISTING = "Directory not found"
"""Jupyter answers so where a file of a folder is renamed while it makes the list of the folder."""
LETTERS = {"person": "p", "second": "q"}
"""What the marks of texts begin with that are typed in a window."""
ACTS = frozenset({"type", "insert", "move", "delete", "undo_text", "undo_cells"})


class Window:
    def __init__(self, served: Served, context: BrowserContext, page: Page) -> None:
        self._served = served
        self._context = context
        self.page = page
        self.connected = True
        self.held = False
        self.refused: list[str] = []
        """Requests that the server has refused since a walk began."""
        page.on("response", self._answered)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status} {response.request.method} {response.url}")

    @classmethod
    async def open(cls, browser: Browser, served: Served) -> Self:
        context = await browser.new_context()
        await context.add_init_script(path=SCRIPT)
        page = await context.new_page()
        page.set_default_timeout(60_000)
        page.on("dialog", lambda dialog: dialog.accept())  # "Leave this page?"
        window = cls(served, context, page)
        await window.load()
        return window

    async def load(self) -> None:
        """In a workspace of its own, which restores nothing."""
        url = f"{self._served.url}lab/workspaces/{uuid4().hex}?token={self._served.token}"
        await self.page.goto(url)
        await self.page.wait_for_function(
            "window.jupyterapp && jupyterapp.restored.then(() => true)"
        )

    async def close(self) -> None:
        await self._context.close()

    async def call(self, name: str, *given: object) -> Any:
        return await self.page.evaluate("([name, given]) => person[name](...given)", [name, given])

    async def cells(self, path: str) -> list[Cell]:
        return cells(await self.call("cells", path))

    async def dialogs(self) -> list[str]:
        """Those that there were since the page was loaded, but for JupyterLab's own about the network and
        about its list of files."""
        found: list[str] = await self.page.evaluate("person.dialogs")
        return [dialog for dialog in found if NETWORK not in dialog and LISTING not in dialog]

    async def shown(self) -> str:
        """What the page has open and waits for, for people who look for what hung."""
        try:
            async with asyncio.timeout(SHOWN_SECONDS):
                return json.dumps(await self.call("shown"))
        except Exception as error:  # noqa: BLE001 # it is told beside the fault that there is
            return f"{type(error).__name__}: {error}"

    async def hold(self) -> None:
        """Have everything on its way between tab and room stay there."""
        self.held = True
        await self.call("hold")

    async def offline(self) -> None:
        self.connected = False
        await self._context.set_offline(True)
        await self.call("cut")

    async def back(self) -> None:
        """Whatever was between the page and the server is over."""
        await self._context.set_offline(False)
        await self.call("release")
        self.connected = True
        self.held = False


class PersonSide:
    """One notebook in one window."""

    def __init__(self, window: Window, name: str, ledger: Ledger) -> None:
        self.window = window
        self.faults: list[str] = []
        self._name = name
        self._letter = LETTERS[name]
        self._ledger = ledger

    async def is_open(self, path: str) -> bool:
        return bool(await self.window.call("isOpen", path))

    async def do(self, step: Step, path: str) -> str:
        """Make a step; returns what came of it."""
        if step.what in ACTS:
            return await self._act(step, path)
        act: Any = getattr(self, f"_{step.what}")
        return str(await act(step, path))

    async def _act(self, step: Step, path: str) -> str:
        text = f" #{self._letter}{step.number}z"
        before, after, cell_id = await self.window.call(
            "act", path, step.what, step.at, step.to, text
        )
        story = f"{step.number} {self._name} {step.what} at {cell_id}"
        self.faults += self._ledger.saw(cells(before), cells(after), self._name, story)
        return story

    async def _keys(self, step: Step, path: str) -> str:
        cell_id = await self.window.call("focus", path, step.at)
        mark = f"{self._letter}{step.number}z"
        await self.window.page.keyboard.type(f" #{mark}")
        story = f"{step.number} {self._name} typed in {cell_id}"
        found = [cell for cell in await self.window.cells(path) if mark in marks(cell.source)]
        if [cell.id for cell in found] != [cell_id]:
            self.faults.append(f"{story}, and {mark} is in {[cell.id for cell in found]}")
        self._ledger.wrote({mark}, cell_id, self._name, story)
        return story

    async def _save(self, step: Step, path: str) -> str:
        if step.to < 0.3:
            await self.window.call("focus", path, step.at)
            await self.window.page.keyboard.press("Control+s")
        elif self.window.held:
            await self.window.call("startSave", path)
        else:
            await self.window.call("save", path)
        return f"{step.number} {self._name} saved"

    async def _run(self, step: Step, path: str) -> str:
        async with asyncio.timeout(RUN_SECONDS):
            await self.window.call("run", path, step.at)
        return f"{step.number} {self._name} ran a cell"

    async def _close(self, step: Step, path: str) -> str:
        await self.window.call("close", path)
        return f"{step.number} {self._name} saved and closed"

    async def _crash(self, step: Step, path: str) -> str:
        await self.window.call("crash", path)
        return f"{step.number} {self._name}'s tab was gone"

    async def _reload(self, step: Step, path: str) -> str:
        await self.window.load()
        return f"{step.number} {self._name} loaded the page anew"


def cells(rows: list[list[str]]) -> list[Cell]:
    return [Cell(*row) for row in rows]
