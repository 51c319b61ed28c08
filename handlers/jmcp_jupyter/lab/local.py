"""JupyterLab of the Jupyter Server that this process is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from jmcp.core.lab_pages import LabPage, LabTab, LabTabs
from jmcp_api import phrases
from jmcp_jupyter.documents.local.rooms import collaboration
from jmcp_jupyter.lab import page_urls
from jmcp_jupyter.lab.workspaces import decoded, focused_workspace, tabs_of, workspace_name

EXTENSION = "jupyterlab"
SUFFIX = ".jupyterlab-workspace"
FILE_BYTES = 1_000_000
"""Of one workspace's file; one with a hundred tabs has 50,000."""
FILES = 200
"""Workspaces that are read, the ones saved last."""
ROOM = "json:notebook:"


class LocalLabPages:
    """`lab_pages.LabPages` in process.

    `external_url` is where browsers reach the server, where that was told; `variables` are those of
    the process, among them JupyterHub's.
    """

    def __init__(
        self, serverapp: Any, *, external_url: str | None, variables: Mapping[str, str]
    ) -> None:
        self._app = serverapp
        self._external = external_url
        self._variables = variables

    @property
    def base(self) -> str | None:
        return str(self._app.base_url) if self._folder() is not None else None

    @property
    def _base(self) -> str:
        """Where browsers reach the server. Behind a JupyterHub that does not say where it is, the
        path alone, which is right on every page of that Hub."""
        app, variables = self._app, self._variables
        displayed = app.custom_display_url
        if displayed and not urlsplit(displayed).path:  # the rest is as Jupyter knows it
            displayed = urljoin(displayed, app.base_url)
        hub = None
        if "JUPYTERHUB_SERVICE_PREFIX" in variables:
            hub = variables.get("JUPYTERHUB_HOST", "") + app.base_url
        public = variables.get("JUPYTERHUB_PUBLIC_URL")
        told = self._external or displayed or public or hub or app.connection_url
        return page_urls.plain_base(told)

    def url(self, path: str, *, alone: bool = False) -> str:
        if alone:
            return page_urls.workspace_url(self._base, path, page_urls.WORKSPACE, reset=True)
        return page_urls.tree_url(self._base, path)

    async def focus(self, path: str, conversation_id: str | None = None) -> LabPage:
        folder = self._folder()
        if folder is None:
            return LabPage(url=self.url(path), reason=phrases.no_jupyterlab())
        name = workspace_name(path, conversation_id)
        try:
            await asyncio.to_thread(_save, folder, name, focused_workspace(name, path))
        except OSError as error:
            reason = phrases.workspace_not_written(reason=(error.strerror or "").lower())
            return LabPage(url=self.url(path), reason=reason)
        return LabPage(url=page_urls.workspace_url(self._base, path, name), workspace=name)

    async def tabs(self) -> LabTabs:
        folder = self._folder()
        if folder is None:
            return LabTabs(unread=[phrases.no_jupyterlab()])
        return await asyncio.to_thread(_read, folder)

    async def shown(self) -> Sequence[str]:
        extension = collaboration.extension_of(self._app)
        if extension is None:
            return ()
        return sorted(_shown(extension))

    def _folder(self) -> Path | None:
        """Where JupyterLab saves its workspaces; None where this server has none."""
        apps = self._app.extension_manager.extension_apps.get(EXTENSION) or ()
        found = next((str(app.workspaces_dir) for app in apps if app.workspaces_dir), None)
        return Path(found) if found else None


def _shown(extension: Any) -> Iterator[str]:
    # pycrdt is there only where collaboration is installed.
    from jmcp_jupyter.documents.local.rooms.room import NullClient

    for room_id, room in list(extension.ywebsocket_server.rooms.items()):
        people = [client for client in room.clients if not isinstance(client, NullClient)]
        if room_id.startswith(ROOM) and people:
            with suppress(RuntimeError):  # its file is gone
                yield str(room._file.path)


def _save(folder: Path, name: str, workspace: Mapping[str, Any]) -> None:
    """Save a workspace as JupyterLab does. Raises OSError."""
    # Its own names of the files; JupyterLab is there, so this is installed.
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    WorkspacesManager(str(folder)).save(name, json.dumps(workspace))


def _read(folder: Path) -> LabTabs:
    tabs: list[LabTab] = []
    unread: list[str] = []
    try:
        files = [file for file in folder.iterdir() if file.name.endswith(SUFFIX)]
    except FileNotFoundError:
        return LabTabs()
    except OSError as error:
        return LabTabs(
            unread=[phrases.workspaces_unreadable(reason=(error.strerror or "").lower())]
        )
    files.sort(key=_saved, reverse=True)
    for file in files[:FILES]:
        try:
            tabs.extend(tabs_of(_loaded(file), file.name.removesuffix(SUFFIX)))
        except OSError as error:
            reason = (error.strerror or "").lower()
            unread.append(phrases.workspace_unread(name=file.name, reason=reason))
        except ValueError:
            unread.append(phrases.workspace_odd(name=file.name))
    if len(files) > FILES:
        unread.append(phrases.workspaces_beyond(count=len(files) - FILES, limit=FILES))
    return LabTabs(tabs=tabs, unread=unread)


def _saved(file: Path) -> float:
    """When it was saved; long ago where nobody can tell."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _loaded(file: Path) -> Any:
    """What JupyterLab saved there. Raises OSError, ValueError."""
    if not file.is_file():  # a pipe would be waited for
        raise ValueError("no file")
    with file.open("rb") as opened:
        text = opened.read(FILE_BYTES + 1)
    if len(text) > FILE_BYTES:
        raise ValueError("too large")
    return decoded(text)
