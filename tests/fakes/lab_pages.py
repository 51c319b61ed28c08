"""JupyterLab in memory: `LabPages`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jmcp.core.lab_pages import LabPage, LabTab, LabTabs
from jmcp_api import phrases
from jmcp_jupyter.lab import page_urls
from jmcp_jupyter.lab.workspaces import focused_workspace, name_of, tabs_of, workspace_name
from tests.fakes.faults import Faults, passes

BASE = "http://127.0.0.1:8888/"


class FakeLabPages:
    """`LabPages` over workspaces in memory, by name. `saved` is what JupyterLab saved of each,
    `people` the notebooks whose live documents browsers hold; `installed`: there is a JupyterLab."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.installed = True
        self.saved: dict[str, Any] = {}
        self.people: set[str] = set()

    @property
    def base(self) -> str | None:
        return BASE if self.installed else None

    def url(self, path: str, *, alone: bool = False) -> str:
        if alone:
            return page_urls.workspace_url(BASE, path, page_urls.WORKSPACE, reset=True)
        return page_urls.tree_url(BASE, path)

    @passes("lab.focus")
    async def focus(self, path: str, conversation_id: str | None = None) -> LabPage:
        if not self.installed:
            return LabPage(url=self.url(path), reason=phrases.no_jupyterlab())
        name = workspace_name(path, conversation_id)
        self.saved[name] = focused_workspace(name, path)
        return LabPage(url=page_urls.workspace_url(BASE, path, name), workspace=name)

    @passes("lab.tabs")
    async def tabs(self) -> LabTabs:
        if not self.installed:
            return LabTabs(unread=[phrases.no_jupyterlab()])
        tabs: list[LabTab] = []
        unread: list[str] = []
        for name, saved in self.saved.items():
            try:
                tabs.extend(tabs_of(saved, name))
            except ValueError:
                unread.append(phrases.workspace_odd(name=name_of(saved) or name))
        return LabTabs(tabs=tabs, unread=unread)

    @passes("lab.shown")
    async def shown(self) -> Sequence[str]:
        return sorted(self.people)
