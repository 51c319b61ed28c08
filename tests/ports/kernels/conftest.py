"""Kernels of a real Jupyter Server inside the test's event loop, reached from inside or over HTTP."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.ports import Kernels, NotebookRef
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN, StartJupyter

LIMIT = 30
"""Seconds for anything to happen that involves the start of a process, on a slow machine."""


class Heard:
    """Collects the messages of runs."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        self.messages.append((kind, content))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [content for name, content in self.messages if name == kind]

    @property
    def text(self) -> str:
        return "".join(content.get("text", "") for content in self.of("stream"))


@pytest.fixture
async def server(jupyter: StartJupyter) -> ServerApp:
    return await jupyter(collaboration=False, ZMQChannelsWebsocketConnection={"limit_rate": False})


@pytest.fixture
async def api(server: ServerApp) -> AsyncIterator[JupyterApi]:
    api = JupyterApi(server.connection_url, TOKEN)
    yield api
    await api.close()


both = pytest.mark.parametrize("kernels", ["local", "remote"], indirect=True)
"""Marks a test of what is promised wherever the kernels are."""


@pytest.fixture
async def kernels(
    server: ServerApp, api: JupyterApi, request: pytest.FixtureRequest
) -> AsyncIterator[Kernels]:
    remote = getattr(request, "param", "local") == "remote"
    kernels: Kernels = RemoteKernels(api) if remote else LocalKernels(server)
    yield kernels
    await kernels.close()


@pytest.fixture
def ref(server: ServerApp) -> NotebookRef:
    return notebook(server, "work/a.ipynb")


def notebook(server: ServerApp, path: str) -> NotebookRef:
    """A notebook's reference; only its directory exists, for kernels need no more."""
    (Path(server.root_dir) / path).parent.mkdir(exist_ok=True)
    return NotebookRef(key=f"key of {path}", path=path)


def manager(server: ServerApp, kernel_id: str) -> Any:
    """Jupyter's manager of one kernel, whose annotations are those of its blocking twin."""
    return server.kernel_manager.get_kernel(kernel_id)


def process_id(server: ServerApp, kernel_id: str) -> int:
    return int(manager(server, kernel_id).provisioner.pid)


def kill(server: ServerApp, kernel_id: str) -> None:
    os.kill(process_id(server, kernel_id), signal.SIGKILL)
