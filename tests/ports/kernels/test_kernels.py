"""Starting, finding, sharing and stopping kernels of a Jupyter Server, local or remote."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import KernelDown
from jmcp.core.ports import Health, Kernels, NotebookRef
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.rest_sessions import RestSessionManager
from tests.ports.kernels.conftest import LIMIT, Heard, both, manager, notebook

SECRETS = ("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "JMCP_TOKEN")


@both
async def test_a_kernel_runs_in_the_notebooks_directory_and_jupyterlab_shows_it(
    server: ServerApp, kernels: Kernels, ref: NotebookRef, tmp_path: Path
) -> None:
    assert await kernels.find(ref) is None
    kernel_id = await kernels.start(ref, None)
    assert await kernels.find(ref) == kernel_id
    (session,) = await server.session_manager.list_sessions()
    assert (session["path"], session["name"], session["type"]) == (ref.path, "a.ipynb", "notebook")

    connection = await kernels.connect(kernel_id)
    heard = Heard()
    await connection.run("import os; print(os.getcwd())", heard)
    assert heard.text.strip() == f"{tmp_path}/root0/work"
    (info,) = await kernels.list()
    assert info.last_activity.endswith("Z")
    await kernels.shutdown(kernel_id)
    assert await server.session_manager.list_sessions() == []


async def test_kernels_do_not_inherit_tokens(
    server: ServerApp, kernels: Kernels, ref: NotebookRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("KERNEL_MAY_SEE", "this")
    kernel_id = await kernels.start(ref, None)
    (session,) = await server.session_manager.list_sessions()

    async def environment() -> dict[str, str]:
        heard = Heard()
        connection = await kernels.connect(kernel_id)
        await connection.run("import os, json; print(json.dumps(dict(os.environ)))", heard)
        found: dict[str, str] = json.loads(heard.text)
        return found

    seen = await environment()
    assert [name for name in seen if name in SECRETS] == []
    assert seen["KERNEL_MAY_SEE"] == "this"

    # Jupyter puts its whole environment into the next process when a notebook is renamed.
    await server.session_manager.update_session(session["id"], path="work/b.ipynb", name="b.ipynb")
    await kernels.restart(kernel_id)
    seen = await environment()
    assert [name for name in seen if name in SECRETS] == []
    assert seen["JPY_SESSION_NAME"].endswith("b.ipynb")


@both
async def test_a_session_follows_its_notebook(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    renamed = replace(ref, path="elsewhere.ipynb")
    assert await kernels.find(renamed) == kernel_id
    (session,) = await server.session_manager.list_sessions()
    assert (session["path"], session["name"]) == ("elsewhere.ipynb", "elsewhere.ipynb")
    # And when JupyterLab was first:
    await server.session_manager.update_session(session["id"], path="third.ipynb")
    assert await kernels.find(replace(ref, path="third.ipynb")) == kernel_id
    assert await kernels.find(notebook(server, "other.ipynb")) is None


async def test_a_new_kernel_takes_the_place_of_one_that_stays_dead(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    old = await kernels.start(ref, None)
    await kernels.connect(old)
    process = manager(server, old)
    process.stop_restarter()
    await process._async_kill_kernel()
    new = await kernels.start(ref, None)
    assert new != old
    assert await kernels.find(ref) == new
    assert server.kernel_manager.list_kernel_ids() == [new]
    (session,) = await server.session_manager.list_sessions()
    assert session["path"] == ref.path


def install(home: Path, name: str, *argv: str) -> None:
    """A kernelspec of that name whose program is `argv`."""
    directory = home / "data" / "kernels" / name
    directory.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name, "language": "none"}
    (directory / "kernel.json").write_text(json.dumps(spec))


@both
async def test_a_program_that_does_not_start_is_kernel_down(
    server: ServerApp, kernels: Kernels, ref: NotebookRef, jupyter_home: Path
) -> None:
    install(jupyter_home, "gone", "/no/such/program")
    with pytest.raises(KernelDown, match="gone"):
        await kernels.start(ref, "gone")
    # A remote jmcp cannot do this: Jupyter keeps it, and then fails to shut down the other kernels.
    getattr(server.kernel_manager, "_pending_kernels", {}).clear()


async def test_a_program_that_ends_at_once_is_kernel_down(
    server: ServerApp, kernels: Kernels, ref: NotebookRef, jupyter_home: Path
) -> None:
    install(jupyter_home, "dies", sys.executable, "-c", "raise SystemExit(1)")
    kernel_id = await kernels.start(ref, "dies")
    manager(server, kernel_id).stop_restarter()
    manager(server, kernel_id).autorestart = False
    with pytest.raises(KernelDown):
        await kernels.connect(kernel_id)


async def test_jupyter_knows_what_a_kernel_does_while_jmcp_watches_it(
    server: ServerApp, ref: NotebookRef
) -> None:
    kernels = LocalKernels(server)
    kernel_id = await kernels.start(ref, None)
    connection = await kernels.connect(kernel_id)
    jupyter: Any = server.kernel_manager
    states: list[str] = []

    def note(*_: object) -> None:
        states.append(jupyter.kernel_model(kernel_id)["execution_state"])

    for _ in range(2):
        before = jupyter.kernel_model(kernel_id)["last_activity"]
        async with asyncio.timeout(LIMIT):
            await connection.run("1", note)
        model = jupyter.kernel_model(kernel_id)
        assert (set(states), model["execution_state"]) == ({"busy", "idle"}, "idle")
        assert model["last_activity"] > before
        assert jupyter.get_kernel(kernel_id)._activity_stream is None

    await kernels.close()
    assert jupyter.get_kernel(kernel_id)._activity_stream is not None
    assert jupyter.kernel_model(kernel_id)["execution_state"] == "idle"


@both
async def test_a_kernel_that_cannot_be_made_the_notebook_s_does_not_stay(
    server: ServerApp, kernels: Kernels, ref: NotebookRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("database is locked")

    async def dead(kernel_id: str) -> Health:
        return Health(alive=False, generation=1)

    first = await kernels.start(ref, None)
    monkeypatch.setattr(kernels, "health", dead)
    monkeypatch.setattr(server.session_manager, "create_session", refuse)
    monkeypatch.setattr(server.session_manager, "update_session", refuse)
    monkeypatch.setattr(RestSessionManager, "replace_kernel", refuse)
    with pytest.raises(RuntimeError):
        await kernels.start(ref, None)
    assert [kernel.kernel_id for kernel in await kernels.list()] == [first]
