"""How long it takes to learn whether a kernel is alive, which each run asks first."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager

from benchmarks import limits
from benchmarks.figures import Figure, spread
from benchmarks.notebooks import write_notebook
from benchmarks.servers.jmcp import jupyter_server
from jmcp.core.ports import Kernels, NotebookRef
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels

CHECKS = 300
PAUSE_SECONDS = 0.01
"""Between two checks, as calls come: what is remembered for a moment is also asked anew."""
REF = NotebookRef(key="health.ipynb", path="health.ipynb")


def checks(base: Path) -> list[Figure]:
    """The 95th percentile, for a median would be what is remembered."""
    root = base / "root"
    root.mkdir(parents=True)
    write_notebook(root / REF.path, 1)
    local = asyncio.run(_local(root))
    with jupyter_server(base) as jupyter:
        remote = asyncio.run(_remote(jupyter.url, jupyter.token))
    return [
        Figure(
            name=f"kernel health, {place}: p95",
            value=statistics.quantiles(taken, n=20)[-1],
            unit="ms",
            limit=limit,
            note=spread(taken),
        )
        for place, taken, limit in (
            ("local", local, limits.LOCAL_HEALTH),
            ("remote", remote, limits.REMOTE_HEALTH),
        )
    ]


async def _local(root: Path) -> list[float]:
    contents = AsyncLargeFileManager(root_dir=str(root))
    specs = KernelSpecManager()
    kernels = AsyncMappingKernelManager(root_dir=str(root), kernel_spec_manager=specs)
    sessions = SessionManager(kernel_manager=kernels, contents_manager=contents)
    # All that jmcp asks of a Jupyter Server here.
    jupyter: Any = SimpleNamespace(
        contents_manager=contents,
        kernel_manager=kernels,
        kernel_spec_manager=specs,
        session_manager=sessions,
    )
    try:
        return await _timed(LocalKernels(jupyter))
    finally:
        sessions.close()
        kernels.context.destroy()


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
