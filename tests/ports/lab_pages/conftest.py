"""JupyterLab on a real server, reached from inside or over HTTP, and the fake that stands for it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.lab_pages import LabPages
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.lab.local import SUFFIX, LocalLabPages
from jmcp_jupyter.lab.remote import RemoteLabPages
from tests.fakes.lab_pages import FakeLabPages
from tests.jupyter_process import TOKEN, StartJupyter


class LabSetup(ABC):
    """Pages, and what JupyterLab itself saves."""

    pages: LabPages

    @abstractmethod
    def save(self, name: str, workspace: Any) -> None: ...
    @abstractmethod
    def saved(self, name: str) -> Any:
        """The workspace of that name as JupyterLab reads it."""


class LabServer(LabSetup):
    """A server with its workspaces in a folder."""

    def __init__(self, pages: LabPages, folder: Path) -> None:
        self.pages = pages
        self.folder = folder

    def save(self, name: str, workspace: Any) -> None:
        self.put_text(name, json.dumps(workspace))

    def put_text(self, name: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{name}-0000{SUFFIX}").write_text(text)

    def saved(self, name: str) -> Any:
        from jupyterlab_server.workspaces_handler import WorkspacesManager

        return WorkspacesManager(str(self.folder)).load(name)


class FakeLab(LabSetup):
    """The fake that unit tests use."""

    def __init__(self) -> None:
        self.pages = self.fake = FakeLabPages()

    def save(self, name: str, workspace: Any) -> None:
        self.fake.saved[name] = workspace

    def saved(self, name: str) -> Any:
        return self.fake.saved[name]


@asynccontextmanager
async def running_lab(where: str, jupyter: StartJupyter, folder: Path) -> AsyncIterator[LabServer]:
    """A JupyterLab without collaboration, and the adapter of that place."""
    app = await jupyter(
        collaboration=False,
        file_ids=False,
        extensions=("jupyterlab",),
        LabApp={"workspaces_dir": str(folder)},
    )
    if where == "local":
        yield LabServer(LocalLabPages(app, external_url=None, variables={}), folder)
        return
    api = JupyterApi(app.connection_url, TOKEN)
    try:
        yield LabServer(RemoteLabPages(api, external_url=None), folder)
    finally:
        await api.close()


@pytest.fixture(params=["local", "remote"])
async def lab_server(
    request: pytest.FixtureRequest, jupyter: StartJupyter, tmp_path: Path
) -> AsyncIterator[LabServer]:
    """Both adapters."""
    async with running_lab(request.param, jupyter, tmp_path / "workspaces") as server:
        yield server


@pytest.fixture(params=["local", "remote", "fake"])
async def any_lab(
    request: pytest.FixtureRequest, jupyter: StartJupyter, tmp_path: Path
) -> AsyncIterator[LabSetup]:
    """Both adapters, and the fake."""
    if request.param == "fake":
        yield FakeLab()
        return
    async with running_lab(request.param, jupyter, tmp_path / "workspaces") as server:
        yield server
