"""Kernels that Jupyter itself ends, culls or loses leave nothing behind in jmcp."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.web import HTTPError

from jmcp.core.errors import BackendError, KernelMissing
from jmcp.core.ports import Kernels
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN
from tests.ports.kernels.conftest import LIMIT, Heard, both, manager, notebook
from tests.thorough import thorough

ROUNDS = 6
SLACK = 3
"""Less than one connection takes, inside or outside; Jupyter's own come and go."""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter is asked for the kernels many times a second."""
    for kind in (LocalKernels, RemoteKernels):
        monkeypatch.setattr(kind, "look_interval_seconds", 0.05)


async def no_entries(kernels: Any) -> None:
    """Wait until nothing is known of any kernel."""
    async with asyncio.timeout(LIMIT):
        while len(kernels._connections):  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.01)


def resources() -> tuple[int, int]:
    """Descriptors and tasks of this process, Jupyter's among them."""
    return len(os.listdir("/dev/fd")), len(asyncio.all_tasks())


def more_than(before: tuple[int, int]) -> bool:
    return any(now > then + SLACK for now, then in zip(resources(), before, strict=True))


@thorough
@both
@pytest.mark.usefixtures("often")
async def test_descriptors_tasks_and_entries_stay_flat(server: ServerApp, kernels: Kernels) -> None:
    first = (0, 0)
    for number in range(ROUNDS):
        kernel_id = await kernels.start(notebook(server, f"{number}.ipynb"), None)
        connection = await kernels.connect(kernel_id)
        assert (await connection.run("1", Heard())).status == "ok"
        assert kernels.connected == 1
        await manager(server, kernel_id).parent.shutdown_kernel(kernel_id, now=True)
        await no_entries(kernels)
        assert kernels.connected == 0
        await server.session_manager.list_sessions()  # Jupyter deletes those without a kernel
        if number == 0:
            first = resources()
            continue
        async with asyncio.timeout(LIMIT):  # Jupyter closes its own sockets a little later
            while more_than(first):  # noqa: ASYNC110 # nobody tells
                await asyncio.sleep(0.02)


@both
@pytest.mark.usefixtures("often")
async def test_a_run_under_way_ends_with_the_kernel_that_somebody_ends(
    server: ServerApp, kernels: Kernels
) -> None:
    kernel_id = await kernels.start(notebook(server, "a.ipynb"), None)
    connection = await kernels.connect(kernel_id)
    printed = asyncio.Event()

    def on_message(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        if kind == "stream":
            printed.set()

    code = "import time; print('begun', flush=True); time.sleep(60)"
    run = asyncio.create_task(connection.run(code, on_message))
    async with asyncio.timeout(LIMIT):
        await printed.wait()
        await manager(server, kernel_id).parent.shutdown_kernel(kernel_id, now=True)
        reply = await run
    assert (reply.status, reply.lost) == ("lost", "kernel_died")
    await no_entries(kernels)


@both
async def test_who_asks_for_kernels_that_are_not_there_leaves_no_entries(
    server: ServerApp, kernels: Any
) -> None:
    for number in range(3):
        assert not (await kernels.health(f"none-{number}")).alive
        with pytest.raises(KernelMissing):
            await kernels.connect(f"none-{number}")
        with pytest.raises(KernelMissing):
            await kernels.restart(f"none-{number}")
    assert len(kernels._connections) == 0
    await server.kernel_manager.start_kernel(kernel_name="python3")
    assert len(await kernels.list()) == 1
    assert len(kernels._connections) == 0


@both
async def test_sessions_that_are_gone_are_forgotten(server: ServerApp, kernels: Any) -> None:
    for number in range(3):
        kernel_id = await kernels.start(notebook(server, f"{number}.ipynb"), None)
        await kernels.shutdown(kernel_id)
    await kernels.list()
    assert kernels._sessions._ids == {}


@both
async def test_two_who_stop_a_kernel_at_once_both_succeed(
    server: ServerApp, kernels: Kernels
) -> None:
    """The other one is JupyterLab, which ends a session or a kernel over REST."""
    api = JupyterApi(server.connection_url, TOKEN)
    try:
        for kind in ("session", "kernel", "private"):
            ref = notebook(server, f"{kind}.ipynb")
            kernel_id = await kernels.start(ref, None, private=kind == "private")
            path = f"api/kernels/{kernel_id}"
            if kind == "session":
                (row,) = await server.session_manager.list_sessions()
                path = f"api/sessions/{row['id']}"
            async with asyncio.timeout(LIMIT):
                ours, theirs = await asyncio.gather(
                    kernels.shutdown(kernel_id), api.request("DELETE", path)
                )
            assert ours is None
            assert theirs.status_code in (204, 404, 410, 500)  # Jupyter itself is not so careful
            assert kernel_id not in server.kernel_manager
            assert await kernels.find(ref) is None
    finally:
        await api.close()


@both
@pytest.mark.parametrize("error", [HTTPError(500, "no"), KeyError("gone"), HTTPError(404)])
async def test_what_jupyters_managers_raise_is_declared(
    server: ServerApp, kernels: Kernels, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise error

    ref = notebook(server, "a.ipynb")
    kernel_id = await kernels.start(ref, None)
    await kernels.connect(kernel_id)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "delete_session": lambda: kernels.shutdown(kernel_id),
        "shutdown_kernel": lambda: kernels.shutdown(kernel_id),
        "interrupt_kernel": lambda: kernels.interrupt(kernel_id),
        "restart_kernel": lambda: kernels.restart(kernel_id),
        "start_kernel": lambda: kernels.start(ref, None, private=True),
        "create_session": lambda: kernels.start(notebook(server, "b.ipynb"), None),
        "list_sessions": lambda: kernels.find(ref),
    }
    for name, call in calls.items():
        with monkeypatch.context() as patch:
            for owner in (server.session_manager, server.kernel_manager):
                if hasattr(owner, name):
                    patch.setattr(owner, name, fails)
            try:
                async with asyncio.timeout(LIMIT):
                    await call()
            except BackendError:
                continue
    assert await kernels.find(ref) in (kernel_id, None)
