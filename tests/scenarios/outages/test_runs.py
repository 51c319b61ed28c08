"""Runs whose jmcp is killed, stopped, or cut off from the kernel."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from websockets.asyncio.client import connect

from tests.e2e.agent import eventually
from tests.scenarios.outages.agent import Editor
from tests.scenarios.outages.remote_setup import RemoteSetup
from tests.scenarios.outages.test_network import edits_work
from tests.thorough import fast_only

pytestmark = pytest.mark.asyncio(loop_scope="session")

TICKING = """
import itertools, os, time
for i in itertools.count():
    print(i, flush=True)
    time.sleep(.1)
    while os.path.exists({hold!r}):
        with open({held!r}, 'w') as held:
            held.write(str(i))
        time.sleep(.1)
    if os.path.exists({go!r}):
        break
print('ended after', i, flush=True)
"""
TICKS = 10
"""What is printed before, during and after."""
COMPANY = ("alone", "connected", "joining")


@asynccontextmanager
async def jupyterlab(setup: RemoteSetup, kernel_id: str) -> AsyncIterator[None]:
    """A person's connection to the kernel, which does not go by way of the network that breaks."""
    url = f"{setup.jupyter.url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels"
    async with connect(
        f"{url}?session_id={uuid4()}",
        additional_headers={"Authorization": f"token {setup.jupyter.token}"},
        max_queue=None,  # it reads nothing, and must still be able to close
        close_timeout=1,
    ):
        yield


class Run:
    """One run in a notebook of its own, beside which nobody or somebody is."""

    def __init__(self, setup: RemoteSetup, path: str, company: str) -> None:
        self.setup = setup
        self.path = path
        self.company = company
        self.execution_id = ""
        self.kernel_id = ""
        self._beside: Any = None

    @property
    def _go(self) -> Any:
        return self.setup.root / f"{self.path}.go"

    @property
    def _hold(self) -> Any:
        return self.setup.root / f"{self.path}.hold"

    @property
    def _held(self) -> Any:
        return self.setup.root / f"{self.path}.held"

    async def hold(self) -> None:
        """Let it print nothing until `resume`, and wait until all that it printed has come.

        What is on its way when a cut comes is lost, and said to be.
        """
        self._hold.touch()

        async def come() -> bool:
            held = self._held.read_text() if self._held.exists() else ""
            return bool(held) and f"{held}\n" in text(await self.now(0))

        await eventually(come, "it holds still")

    async def resume(self) -> None:
        """Print again, once Jupyter knows that jmcp is gone."""
        beside = 0 if self._beside is None else 1

        async def alone() -> bool:
            url = f"{self.setup.jupyter.url}api/kernels/{self.kernel_id}"
            headers = {"Authorization": f"token {self.setup.jupyter.token}"}
            async with httpx2.AsyncClient(headers=headers) as http:
                return bool((await http.get(url)).json()["connections"] == beside)

        await eventually(alone, "Jupyter notices")
        self._hold.unlink()

    async def begin(self) -> None:
        self.setup.write(self.path, 1)
        agent = self.setup.agent
        session = {"session_id": agent.session_id} if agent.session_id else {}
        opened = await agent.call("use_notebook", notebook_path=self.path, **session)
        agent.session_id = opened["session_id"]
        began = await agent.call(
            "insert_execute_code_cell",
            cell_index=-1,
            cell_source=TICKING.format(
                go=str(self._go), hold=str(self._hold), held=str(self._held)
            ),
            wait=0,
        )
        self.execution_id = began["execution_id"]
        await eventually(self.ticked(TICKS), "it prints")
        listed = await agent.call("use_notebook", notebook_path=self.path)
        self.kernel_id = listed["kernel"]["kernel_id"]
        if self.company == "connected":
            await self.join()

    def ticked(self, count: int) -> Any:
        async def holds() -> bool:
            return text(await self.now(0)).count("\n") >= count

        return holds

    async def now(self, wait: float) -> dict[str, Any]:
        return await self.setup.agent.call(
            "get_execution", execution_id=self.execution_id, wait=wait
        )

    async def join(self) -> None:
        self._beside = jupyterlab(self.setup, self.kernel_id)
        await self._beside.__aenter__()

    async def leave(self) -> None:
        if self._beside is not None:
            await self._beside.__aexit__(None, None, None)

    async def end(self) -> dict[str, Any]:
        self._go.touch()

        async def ended() -> Any:
            found = await self.now(10)
            return found if found["status"] != "running" else None

        found: dict[str, Any] = await eventually(ended, f"{self.company}: the run ends")
        return found


def text(found: dict[str, Any]) -> str:
    return "".join(output.get("text") or "" for output in found["outputs"])


def whole(printed: str) -> bool:
    """Whether it is all that was printed."""
    *ticks, end, rest = printed.split("\n")
    return not rest and [*ticks, end] == [
        *(str(tick) for tick in range(len(ticks))),
        f"ended after {len(ticks) - 1}",
    ]


@pytest.mark.parametrize("event", fast_only(["kill", "stop", "cut"], "cut"))
async def test_a_run_goes_on_or_says_what_it_lost(setup: RemoteSetup, event: str) -> None:
    runs = [Run(setup, f"{event} {company}.ipynb", company) for company in COMPANY]
    for run in runs:
        await run.begin()
    ledger = setup.write(f"{event} edited.ipynb", 8)
    session = setup.agent.session_id
    await setup.agent.call(
        "use_notebook", notebook_path=f"{event} edited.ipynb", session_id=session
    )
    await edits_work(setup, Editor(setup.agent, ledger, seed=31))
    if event != "kill":
        for run in runs:
            await run.hold()
    if event == "cut":
        setup.net.cut()
    else:
        await setup.stop_jmcp(signal.SIGKILL if event == "kill" else signal.SIGTERM)
    for run in runs:
        if run.company == "joining":
            await run.join()
        if event != "kill":
            await run.resume()
    await asyncio.sleep(1.0)  # some ticks
    if event == "cut":
        setup.net.mend()
    else:
        await setup.start_jmcp()
    # The session is what it was, and so is what it did.
    ledger.check((await setup.agent.cells()).items())
    await edits_work(setup, Editor(setup.agent, ledger, seed=32))
    for run in runs:
        found = await run.end()
        await run.leave()
        printed = text(found)
        shown = await setup.agent.call("read_cell", notebook_path=run.path, cell_index=1)
        assert text(shown) == printed
        if run.company == "alone" and event != "kill":
            assert (found["status"], found["complete"]) == ("ok", True)
            assert whole(printed)
        else:
            # Others get what Jupyter keeps for one who is alone. And what a killed process had
            # received and not written is nowhere.
            assert (found["status"], found["complete"]) == ("lost_contact", False)
            assert "may be missing" in found["outputs"][-1]["text"]
            assert run.company == "alone" or not whole(printed)
        again = await setup.agent.call(
            "insert_execute_code_cell",
            notebook_path=run.path,
            cell_index=-1,
            cell_source="print(i)",
            wait=120,
        )
        assert again["status"] == "ok"
        assert f"ended after {text(again)}" in printed
    await setup.settled(f"{event} edited.ipynb", ledger)
