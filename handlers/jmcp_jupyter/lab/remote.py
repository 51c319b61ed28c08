"""JupyterLab of a Jupyter Server in another process, through its REST API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from jmcp.core.lab_pages import LabPage, LabTab, LabTabs
from jmcp_api import phrases
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.lab import page_urls
from jmcp_jupyter.lab.workspaces import focused_workspace, name_of, tabs_of, workspace_name

WORKSPACES = "lab/api/workspaces"
LIST_BYTES = 20_000_000
"""Of all workspaces together, as many as are read in process."""
FILES = 200
DEFAULT_WORKSPACE = "default"
"""The one of JupyterLab's pages without a name."""
KEPT_NAMES = 100
UNNAMED = "?"
"""A workspace that does not say its name."""


class RemoteLabPages:
    """`lab_pages.LabPages` over REST. The `api` is the caller's to close.

    `external_url` is where browsers reach the server, where that is another URL than jmcp's.
    """

    def __init__(self, api: JupyterApi, *, external_url: str | None) -> None:
        self._api = api
        self._base = page_urls.plain_base(external_url or api.url)
        self._made: dict[str, None] = {}
        """The workspaces that this process made last, by name."""

    @property
    def base(self) -> str | None:
        return self._base

    def url(self, path: str, *, alone: bool = False) -> str:
        if alone:
            return page_urls.workspace_url(self._base, path, page_urls.WORKSPACE, reset=True)
        return page_urls.tree_url(self._base, path)

    async def focus(self, path: str, conversation_id: str | None = None) -> LabPage:
        name = workspace_name(path, conversation_id)
        response = await self._api.request(
            "PUT", f"{WORKSPACES}/{name}", body=focused_workspace(name, path)
        )
        if response.status_code == HTTPStatus.NOT_FOUND:
            return LabPage(url=self.url(path), reason=phrases.no_jupyterlab())
        if not response.is_success:
            status = phrases.http_status(status=response.status_code)
            reason = phrases.workspace_not_written(reason=status)
            return LabPage(url=self.url(path), reason=reason)
        self._made.pop(name, None)
        self._made[name] = None
        if len(self._made) > KEPT_NAMES:
            del self._made[next(iter(self._made))]
        return LabPage(url=page_urls.workspace_url(self._base, path, name), workspace=name)

    async def tabs(self) -> LabTabs:
        status, answer = await self._api.json_within(WORKSPACES, LIST_BYTES)
        if status == HTTPStatus.NOT_FOUND:
            return LabTabs(unread=[phrases.no_jupyterlab()])
        values = _values(answer)
        if values is not None:
            return _of(values)
        # JupyterLab lists none of them where one cannot be read.
        names = (DEFAULT_WORKSPACE, page_urls.WORKSPACE, *self._made)
        found = [await self._api.json_within(f"{WORKSPACES}/{name}", LIST_BYTES) for name in names]
        read = _of([one for one_status, one in found if one_status == HTTPStatus.OK])
        return LabTabs(tabs=read.tabs, unread=[phrases.workspaces_not_listed(), *read.unread])

    async def shown(self) -> Sequence[str]:
        # A Jupyter Server does not say who is in its rooms, only who is connected to its kernels.
        return ()


def _values(answer: Any) -> Sequence[Any] | None:
    """The workspaces in an answer; None where there are none to be read."""
    listed = answer.get("workspaces") if isinstance(answer, dict) else None
    values = listed.get("values") if isinstance(listed, dict) else None
    return values if isinstance(values, list) else None


def _of(values: Sequence[Any]) -> LabTabs:
    tabs: list[LabTab] = []
    unread: list[str] = []
    for value in _last(values):
        try:
            tabs.extend(tabs_of(value, UNNAMED))
        except ValueError:
            unread.append(phrases.workspace_odd(name=name_of(value) or UNNAMED))
    if len(values) > FILES:
        unread.append(phrases.workspaces_beyond(count=len(values) - FILES, limit=FILES))
    return LabTabs(tabs=tabs, unread=unread)


def _last(values: Sequence[Any]) -> Iterable[Any]:
    """The ones saved last."""

    def saved(value: Any) -> str:
        metadata = value.get("metadata") if isinstance(value, dict) else None
        moment = metadata.get("last_modified") if isinstance(metadata, dict) else None
        return moment if isinstance(moment, str) else ""

    return sorted(values, key=saved, reverse=True)[:FILES]
