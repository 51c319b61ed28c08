"""Packages that a real pip installs, through a real kernel."""

from __future__ import annotations

import asyncio
import socket
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.served import Served
from tests.surfaces.contract.folder import Folder
from tests.surfaces.contract.surfaces import ToolsCall
from tests.thorough import thorough

LIMIT = 60


def make_wheel(folder: Path, version: str) -> None:
    """A package of one module, which says its version."""
    about = f"tiny_jmcp-{version}.dist-info"
    files = {
        "tiny_jmcp/__init__.py": f"version = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tiny.jmcp\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"tiny_jmcp-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


class Agent:
    def __init__(self, served: Served, session_id: str) -> None:
        self._tools = ToolsCall(served)
        self._session = {"session_id": session_id}

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self._tools.call(tool, self._session | arguments)
        assert answer.result is not None, answer.text
        return answer.result

    async def run(self, code: str) -> dict[str, Any]:
        run = await self.call("execute_code", code=code)
        assert run["status"] == "ok", run
        return run


@pytest.fixture
async def agent(served: Served, tmp_path: Path) -> AsyncIterator[Agent]:
    """In a kernel that installs into a folder of the test, from a folder of wheels."""
    folder = Folder(served)
    await folder.empty()
    opened = await ToolsCall(served).call(
        "use_notebook", {"notebook_path": "packages.ipynb", "mode": "create"}
    )
    assert opened.result is not None
    agent = Agent(served, opened.result["session_id"])
    wheels, target = tmp_path / "wheels", tmp_path / "target"
    wheels.mkdir()
    target.mkdir()
    for version in ("1.0", "2.0"):
        make_wheel(wheels, version)
    settings = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_TARGET": str(target),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    await agent.run(f"import os, sys\nos.environ.update({settings!r})")
    await agent.run(f"sys.path.insert(0, {str(target)!r})\nbefore = set(globals())")
    yield agent
    await folder.empty()


async def test_a_package_is_installed_and_upgraded_without_a_trace(agent: Agent) -> None:
    first = await agent.call("install_packages", packages=["tiny.jmcp<2"])
    assert (first["status"], first["installer"]) == ("ok", "pip")
    assert first["packages"] == [
        {"name": "tiny-jmcp", "change": "installed", "version": "1.0", "old_version": None}
    ]
    run = await agent.run("import tiny_jmcp\ntiny_jmcp.version")
    assert run["outputs"][0]["text"] == "'1.0'"
    second = await agent.call("install_packages", packages=["Tiny_Jmcp"], upgrade=True)
    assert [(one["change"], one["version"]) for one in second["packages"]] == [("upgraded", "2.0")]
    assert second["imported"] == ["tiny_jmcp"]
    assert [notice["code"] for notice in second["notices"]] == ["kernel_restart_needed"]
    run = await agent.run("sorted(set(globals()) - before), _, len(In), In[-1]")
    assert run["execution_count"] == 4
    # The name that was bound here, what IPython binds in each run, and nothing of the installer.
    assert "install" not in run["outputs"][0]["text"]
    assert "tiny_jmcp" in run["outputs"][0]["text"]
    assert "'1.0'" in run["outputs"][0]["text"]


@thorough
async def test_an_installer_that_waits_is_interrupted(agent: Agent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/tiny_jmcp-3.0-py3-none-any.whl"
        begun = await agent.call("install_packages", packages=[f"tiny.jmcp @ {url}"], wait=0)
        silent.settimeout(LIMIT)
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            await agent.call("interrupt_kernel")
            over = await agent.call("get_execution", execution_id=begun["execution_id"], wait=LIMIT)
    assert over["status"] == "interrupted"
    assert "installation_stopped" in [notice["code"] for notice in over["notices"]]
    assert (await agent.run("1"))["status"] == "ok"
