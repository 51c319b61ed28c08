"""Jupyter, a network to it, and jmcp beyond: processes that a test can take away and bring back."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import nbformat as untyped_nbformat

from tests.e2e.agent import eventually
from tests.network import Network, network
from tests.ports.documents.tab import Tab
from tests.scenarios.outages.agent import Agent, Ledger, agent_client
from tests.served import STOP_SECONDS, Served, jupyter_server, standalone

nbformat: Any = untyped_nbformat
LEAVE_SECONDS = 5.0
"""Jupyter says goodbye and then waits for ever for a thread of anyio, if it was told to stop while
a room was about to be saved."""
CLEANUP_SECONDS = 2
"""How soon Jupyter gives up a room in which nobody is."""


class RestartableServer:
    """A server that is started and stopped in a thread, so that the network goes on meanwhile."""

    def __init__(self) -> None:
        self._running: AbstractContextManager[Served] | None = None
        self.served: Served | None = None

    async def up(self, running: AbstractContextManager[Served]) -> Served:
        self._running = running
        self.served = await asyncio.to_thread(running.__enter__)
        return self.served

    async def down(
        self, how: signal.Signals = signal.SIGTERM, *, leave: float | None = None
    ) -> None:
        """End it by that signal; `leave` is after how many seconds it is killed, None never."""
        running, served = self._running, self.served
        self._running = self.served = None
        if running is None or served is None:
            return
        served.process.send_signal(how)
        try:
            await asyncio.to_thread(served.process.wait, leave or STOP_SECONDS)
        except subprocess.TimeoutExpired:
            served.process.kill()
            if leave is None:
                raise
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


class RemoteSetup:
    """One folder of notebooks, and who works in it."""

    def __init__(self, base: Path, net: Network, agent: Agent) -> None:
        self.base = base
        self.root = base / "root"
        self.root.mkdir()
        shutil.copy(Path(__file__).with_name("permission_contents.py"), self.root)
        self.net = net
        self.agent = agent
        self._jupyter = RestartableServer()
        self._jmcp = RestartableServer()

    @property
    def jupyter(self) -> Served:
        """Jupyter itself, without the network."""
        assert self._jupyter.served is not None
        return self._jupyter.served

    async def start_jupyter(self) -> None:
        """On another port, which whoever comes over the network does not notice."""
        served = await self._jupyter.up(
            jupyter_server(
                self.base / "jupyter",
                self.root,
                f"--YDocExtension.document_cleanup_delay={CLEANUP_SECONDS}",
                # Found in the folder that the server is started in.
                "--ServerApp.contents_manager_class=permission_contents.PermissionContents",
            )
        )

        self.net.redirect("127.0.0.1", httpx2.URL(served.url).port or 80)

    async def stop_jupyter(self, how: signal.Signals) -> None:
        await self._jupyter.down(how, leave=LEAVE_SECONDS)

    async def start_jmcp(self) -> None:
        beyond = replace(self.jupyter, url=f"http://127.0.0.1:{self.net.port}/")
        self.agent.served = await self._jmcp.up(standalone(self.base / "jmcp", beyond))

    async def stop_jmcp(self, how: signal.Signals) -> None:
        await self._jmcp.down(how)

    async def close(self) -> None:
        await self._jmcp.down()
        await self._jupyter.down(leave=LEAVE_SECONDS)

    async def repair(self) -> None:
        """All as it was in the beginning, whatever the test before left."""
        self.net.delay = 0.0
        self.net.flow()
        self.net.mend()
        if self._jupyter.served is None:
            await self.start_jupyter()
        self.net.redirect("127.0.0.1", httpx2.URL(self.jupyter.url).port or 80)
        if self._jmcp.served is None:
            await self.start_jmcp()
        self.agent.session_id = None
        self.agent.notices.clear()

    def write(self, path: str, count: int) -> Ledger:
        """A notebook of code cells `cell0` ..., and the record of what is in it."""
        sources = {f"cell{index}": f"'original {index}'" for index in range(count)}
        put(self.root / path, sources.items())
        return Ledger(sources=sources)

    async def settled(self, path: str, ledger: Ledger) -> None:
        """The notebook as jmcp, another client of the document, Jupyter's API and the disk have it."""
        ledger.check((await self.agent.cells()).items())
        tab = await Tab.at(self.jupyter.url, self.jupyter.token, path)
        try:
            ledger.check((str(cell["id"]), str(cell["source"])) for cell in tab.notebook.ycells)
        finally:
            await tab.close()
        await self.on_disk(path, ledger)
        ledger.check(await self.contents(path))

    async def on_disk(self, path: str, ledger: Ledger) -> None:
        """Wait until the file holds what it must."""
        error: AssertionError | None = None

        async def holds() -> bool:
            nonlocal error
            try:
                ledger.check(cells(json.loads((self.root / path).read_text())))
            except ValueError:  # in the midst of being written
                return False
            except AssertionError as reason:
                error = reason
                return False
            return True

        try:
            await eventually(holds, "the file holds every acknowledged edit")
        except AssertionError:
            raise error or AssertionError("the file is no JSON") from None

    async def contents(self, path: str) -> list[tuple[str, str]]:
        async with httpx2.AsyncClient(timeout=60) as http:
            reply = await http.get(
                f"{self.jupyter.url}api/contents/{path}",
                headers={"Authorization": f"token {self.jupyter.token}"},
            )
        return list(cells(reply.raise_for_status().json()["content"]))


def put(path: Path, sources: Iterable[tuple[str, str]]) -> None:
    """Write a notebook file, whole at once, as git does."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=cell_id) for cell_id, source in sources],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}
        },
    )
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(nbformat.writes(notebook))
    beside.replace(path)


def cells(notebook: dict[str, Any]) -> Iterable[tuple[str, str]]:
    return [(cell["id"], "".join(cell["source"])) for cell in notebook["cells"]]


@asynccontextmanager
async def remote_setup(base: Path) -> AsyncIterator[RemoteSetup]:
    async with network(0) as net, agent_client() as agent:
        made = RemoteSetup(base, net, agent)
        try:
            yield made
        finally:
            await made.close()
