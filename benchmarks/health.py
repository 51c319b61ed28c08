"""How long the question takes whether a kernel is alive, which each run asks first."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from benchmarks.calls import notebook
from benchmarks.table import Figure, spread
from jmcp.core.ports import Kernels, NotebookRef
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.scenarios.sessions.histories.restartable import JupyterManagers
from tests.served import jupyter_server

CHECKS = 300
PAUSE_SECONDS = 0.01
"""Between two checks, as calls come: what is remembered for a moment is also asked anew."""
LOCAL_LIMIT_MS = 1.0
REMOTE_LIMIT_MS = 10.0
REF = NotebookRef(key="health.ipynb", path="health.ipynb")


def checks(base: Path) -> list[Figure]:
    """The 95th percentile, for a median would be what is remembered."""
    root = base / "root"
    root.mkdir(parents=True)
    notebook(root / REF.path, 1)
    local = asyncio.run(_local(root))
    with jupyter_server(base / "home", root) as jupyter:
        remote = asyncio.run(_remote(jupyter.url, jupyter.token))
    return [
        Figure(
            name=f"health check, {where}: p95",
            value=statistics.quantiles(taken, n=20)[-1],
            unit="ms",
            limit=limit,
            note=spread(taken),
        )
        for where, taken, limit in (
            ("local", local, LOCAL_LIMIT_MS),
            ("remote", remote, REMOTE_LIMIT_MS),
        )
    ]


async def _local(root: Path) -> list[float]:
    jupyter = JupyterManagers(root)
    try:
        return await _timed(LocalKernels(jupyter.app))
    finally:
        jupyter.close()


async def _remote(url: str, token: str) -> list[float]:
    api = JupyterApi(url, token)
    try:
        return await _timed(RemoteKernels(api))
    finally:
        await api.close()


async def _timed(kernels: Kernels) -> list[float]:
    kernel_id = await kernels.start(REF, None)
    await kernels.connect(kernel_id)
    taken = []
    try:
        for _ in range(CHECKS):
            began = time.perf_counter()
            found = await kernels.health(kernel_id)
            taken.append((time.perf_counter() - began) * 1000)
            if not found.alive:
                raise RuntimeError("the kernel is not alive")
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        await kernels.shutdown(kernel_id)
        await kernels.close()
    return taken
