"""One interleaving, from the notebook's file to what everybody has in the end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import nbformat as untyped_nbformat
from playwright.async_api import Browser

from tests.e2e.agent import Agent, write
from tests.e2e.lab_extension.interleaving.agent_side import AgentSide
from tests.e2e.lab_extension.interleaving.ledger import Cell, Ledger
from tests.e2e.lab_extension.interleaving.person_side import PersonSide, Window
from tests.e2e.lab_extension.interleaving.steps import Step, groups
from tests.served import Served

nbformat: Any = untyped_nbformat

View = Callable[[], Awaitable[list[Cell]]]
PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
CELLS = 4
SETTLE_SECONDS = 15
WALK_SECONDS = 60
"""Whatever hangs is a fault."""
POLL_SECONDS = 0.02
AWAY = frozenset(
    {"keys", "save", "hold", "offline", "back", "type", "insert", "move", "delete"}
) | {
    "undo_text",
    "undo_cells",
}
"""What a person can do without the network."""


class World:
    """A server, two windows of one person and an agent: for many interleavings, one after the other."""

    def __init__(self, served: Served, agent: Agent, browser: Browser) -> None:
        self.served = served
        self.agent = agent
        self.windows: dict[str, Window] = {}
        self.walks = 0
        self._browser = browser

    async def window(self, name: str) -> Window:
        """One is opened when a step needs it, and stays."""
        if name not in self.windows:
            self.windows[name] = await Window.open(self._browser, self.served)
        return self.windows[name]


class Walk:
    def __init__(self, world: World) -> None:
        self._world = world
        world.walks += 1
        self._path = f"walk{world.walks}.ipynb"
        self.told: list[str] = []
        self.faults: list[str] = []

    async def __call__(self, steps: Sequence[Step]) -> list[str]:
        """What is wrong after these steps."""
        world = self._world
        write(world.served, self._path, *(f"{n} #c{n}z" for n in range(CELLS)), **PYTHON)
        ledger = Ledger([Cell(f"c{n}", "code", f"{n} #c{n}z") for n in range(CELLS)])
        agent = self._agent = AgentSide(world.agent, ledger)
        self._sides = {
            name: PersonSide(await world.window(name), name, ledger)
            for name in sorted({"person"} | {step.who for step in steps} - {"agent"})
        }
        self._ledger = ledger
        first = self._sides["person"].window
        for side in self._sides.values():
            side.window.refused.clear()
        try:
            async with asyncio.timeout(WALK_SECONDS):
                with self._under_way("the notebook is opened"):
                    await first.call("open", self._path)
                    await world.agent.open(self._path)
                    await agent.cells()
                for group in groups(steps):
                    await asyncio.gather(*(self._step(step) for step in group))
                with self._under_way("everybody is to have the same"):
                    await self._end()
        except Exception as error:  # noqa: BLE001 # a fault as any other, to be told with the steps
            self.faults.append(f"{type(error).__name__}: {error}")
            for name, side in self._sides.items():
                self.faults.append(f"  {name} shows: {await side.window.shown()}")
        finally:
            await self._leave()
        return self.faults

    @contextmanager
    def _under_way(self, what: object) -> Iterator[None]:
        """Tells what it was that failed, or hung until the walk's time was over."""
        try:
            yield
        except BaseException:
            self.faults.append(f"not done: {what}")
            raise

    async def _step(self, step: Step) -> None:
        with self._under_way(step):
            await self._made(step)

    async def _made(self, step: Step) -> None:
        if step.who == "agent":
            self.told.append(await self._agent.do(step))
            return
        side = self._sides[step.who]
        window = side.window
        if step.what in ("hold", "offline", "back"):
            await getattr(window, step.what)()
            self.told.append(f"{step.number} {step.who} {step.what}")
            return
        if (window.held or not window.connected) and step.what not in AWAY:
            return
        if not await side.is_open(self._path):
            if window.held or not window.connected:
                return
            await window.call("open", self._path)
        if step.what == "rename":
            await self._rename(step, window)
        else:
            self.told.append(await side.do(step, self._path))

    async def _rename(self, step: Step, window: Window) -> None:
        """Tabs follow, those in the other window too, once they are told."""
        windows = [side.window for side in self._sides.values()]
        if any(one.held or not one.connected for one in windows):
            return
        old, self._path = self._path, self._path.replace(".ipynb", f"-{step.number}.ipynb")
        await window.call("rename", old, self._path)
        self.told.append(f"{step.number} {step.who} renamed to {self._path}")
        for one in windows:
            await one.page.wait_for_function(
                "old => !person.paths().includes(old)", arg=old, timeout=SETTLE_SECONDS * 1000
            )

    async def _end(self) -> None:
        """Everybody has the same, and that is what the ledger says."""
        first = self._sides["person"].window
        for side in self._sides.values():
            await side.window.back()
        if not await self._sides["person"].is_open(self._path):
            await first.call("open", self._path)
        views: dict[str, View] = {"agent": self._agent.cells}
        for name, side in self._sides.items():
            if await side.is_open(self._path):
                views[name] = partial(side.window.cells, self._path)
        seen = await self._same(views)
        await first.call("save", self._path)
        seen = await self._same(views | {"file": self._file})
        self.faults += self._ledger.faults(seen["file"])
        for side in self._sides.values():
            self.faults += side.faults
            dialogs = await side.window.dialogs()
            self.faults += [f"a dialog: {text}" for text in dialogs]
            self.faults += side.window.refused if dialogs else []
        if self.faults:
            self.faults.append(f"in the end: {_shown(seen['file'])}")

    async def _file(self) -> list[Cell]:
        text = (self._world.served.root / self._path).read_text()
        try:
            notebook = nbformat.from_dict(json.loads(text))
        except json.JSONDecodeError:  # it is just being written
            return []
        nbformat.validate(notebook)
        return [
            Cell(cell["id"], cell["cell_type"], "".join(cell["source"]))
            for cell in notebook["cells"]
        ]

    async def _same(self, views: dict[str, View]) -> dict[str, list[Cell]]:
        """Wait until all see the same, and return that; after a bound it is a fault."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            seen: dict[str, list[Cell]] = {name: await view() for name, view in views.items()}
            _, *others = seen.values()
            if all(other == seen["agent"] for other in others):
                return seen
            if time.monotonic() > deadline:
                shown = "\n".join(f"  {name}: {_shown(cells)}" for name, cells in seen.items())
                self.faults.append(f"not the same after {SETTLE_SECONDS} s:\n{shown}")
                return seen
            await asyncio.sleep(POLL_SECONDS)

    async def _leave(self) -> None:
        for window in [side.window for side in self._sides.values()]:
            await window.back()
            await window.call("closeAll")
            if self.faults:
                await window.load()
        agent = self._world.agent
        if agent.session_id is not None:
            await agent.close()


def _shown(cells: Sequence[Cell]) -> str:
    return " | ".join(f"{cell.id}: {cell.source!r}" for cell in cells)
