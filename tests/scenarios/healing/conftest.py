"""jmcp inside of a real Jupyter Server or remote, whose kernels a test may end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import nbformat as untyped_nbformat
import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.stores.memory import MemoryStore
from tests.calls import ALICE
from tests.jupyter_process import TOKEN, StartJupyter
from tests.running_jmcp import RunningJmcp
from tests.thorough import fast_only

nbformat: Any = untyped_nbformat
LIMIT = 120
"""Seconds for anything that involves a process, on a slow machine."""

PATH = "work/deep/a.ipynb"
RESTARTER = {"time_to_dead": 0.3, "restart_limit": 2}
"""Jupyter's looks for dead kernels every 3 s, and gives up after five attempts."""


class KeptStore(MemoryStore):
    """Outlives each jmcp of a test, as a file would."""

    async def close(self) -> None:
        pass


@dataclass(kw_only=True)
class HealingServer(RunningJmcp):
    """jmcp with a store that another one may take over, on kernels that a test may end."""

    home: Path
    store: MemoryStore = field(default_factory=KeptStore)

    def __post_init__(self) -> None:
        self.options = {"store": self.store}

    def another(self) -> HealingServer:
        """A jmcp that takes over what this one stored, as one does after a crash."""
        return HealingServer(app=self.app, mode=self.mode, home=self.home, store=self.store)

    @property
    def kernel_ids(self) -> Sequence[str]:
        ids: list[str] = self.app.kernel_manager.list_kernel_ids()
        return ids

    def write(self, path: str = PATH, kernel_name: str = "python3") -> None:
        """A notebook of one cell, `x`, for that kernelspec."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        spec = {"name": kernel_name, "display_name": kernel_name, "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        notebook.cells.append(nbformat.v4.new_code_cell("x", id="aaaa0001"))
        nbformat.write(notebook, file)

    def install(self, name: str, script: str = "") -> Path:
        """A kernelspec in the test's own data folder; `script` runs before the kernel."""
        folder = self.home / "data" / "kernels" / name
        folder.mkdir(parents=True)
        code = f"{script}\nfrom ipykernel.kernelapp import launch_new_instance as go; go()"
        spec = {
            "argv": [sys.executable, "-c", code, "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {"SPEC": name},
        }
        (folder / "kernel.json").write_text(json.dumps(spec))
        return folder

    def uninstall(self, name: str) -> None:
        shutil.rmtree(self.home / "data" / "kernels" / name)

    async def open(self, path: str = PATH, caller: Caller = ALICE, /, **arguments: Any) -> str:
        """Open a notebook; returns the session's id."""
        opened = await self.call("use_notebook", caller, notebook_path=path, **arguments)
        return str(opened["session_id"])

    async def run(self, session: str, code: str, caller: Caller = ALICE) -> dict[str, Any]:
        return await self.call("execute_code", caller, session_id=session, code=code)

    async def prints(self, session: str, code: str, caller: Caller = ALICE) -> str:
        """What the code prints, or the name of what it raises."""
        run = await self.run(session, code, caller)
        (output,) = run["outputs"]
        return str(output.get("ename") or output.get("text")).strip()

    async def record(self, session: str, caller: Caller = ALICE) -> SessionRecord:
        record = await self.store.get(caller.owner, session)
        assert record is not None
        return record

    async def rest(self, method: str, path: str) -> Any:
        """What a person does in JupyterLab."""
        async with httpx2.AsyncClient(
            base_url=self.app.connection_url,
            headers={"Authorization": f"token {TOKEN}"},
            timeout=60,
        ) as http:
            answer = await http.request(method, path)
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None

    async def jupyter_sessions(self) -> list[tuple[str, str]]:
        """What JupyterLab shows: the paths of sessions, and their kernels."""
        rows = await self.rest("GET", "api/sessions")
        return [(row["path"], row["kernel"]["id"]) for row in rows]

    def kill(self, kernel_id: str) -> None:
        manager: Any = self.app.kernel_manager.get_kernel(kernel_id)
        os.kill(manager.provisioner.pid, signal.SIGKILL)


async def eventually(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(LIMIT):
        while not await condition():  # noqa: ASYNC110 # it is state of other processes
            await asyncio.sleep(0.05)


def notices(*results: dict[str, Any]) -> list[str]:
    """The codes of all notices, without those of the notebook's cells."""
    codes = [notice["code"] for result in results for notice in result["notices"]]
    return [code for code in codes if code.startswith("kernel")]


@pytest.fixture(params=fast_only(["local file", "remote file"], "local file"))
async def server(
    request: pytest.FixtureRequest, jupyter: StartJupyter, jupyter_home: Path
) -> AsyncIterator[HealingServer]:
    app = await jupyter(collaboration=False, KernelRestarter=RESTARTER)
    server = HealingServer(app=app, mode=request.param, home=jupyter_home)
    server.write()
    async with server.running():
        yield server
