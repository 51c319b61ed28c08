"""What a handler may ask of JupyterLab: where its pages are, and which notebooks people have in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPage:
    """A page of JupyterLab. `workspace` is the one that it opens with; None where none was saved, and
    then `reason` says why, as a part of a sentence."""

    url: str
    workspace: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTab:
    """A tab with a notebook, as JupyterLab saved it. `current`: the one in front, in its workspace."""

    path: str
    workspace: str
    factory: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTabs:
    """The tabs of all saved workspaces. `unread`: what could not be read and why, as parts of
    sentences."""

    tabs: Sequence[LabTab] = ()
    unread: Sequence[str] = ()


class LabPages(Protocol):
    """JupyterLab in the browsers of people. No URL has a token."""

    @property
    def base(self) -> str | None:
        """Where browsers have the server of JupyterLab, with a slash at its end: its URL, or the path
        alone where jmcp runs in it and has the same origin. None where there is no JupyterLab."""

    def url(self, path: str, *, alone: bool = False) -> str:
        """Where a browser opens that notebook; `alone`: in place of all other tabs of the page."""

    async def focus(self, path: str, conversation_id: str | None = None) -> LabPage:
        """A page that shows that notebook and nothing else, in a workspace of its own: the
        notebook's, or the conversation's for it. Where no workspace can be saved, the page of `url`.

        Raises JupyterUnreachable, JupyterRefused.
        """

    async def tabs(self) -> LabTabs:
        """The tabs of all workspaces that can be read. Raises JupyterUnreachable, JupyterRefused."""

    async def shown(self) -> Sequence[str]:
        """The paths of the notebooks whose live documents browsers hold just now, as far as Jupyter
        tells."""


class NoLabPages:
    """Of a server that was given none: tabs are unknown, and a page is its notebook's path."""

    base: str | None = None

    def url(self, path: str, *, alone: bool = False) -> str:
        return path

    async def focus(self, path: str, conversation_id: str | None = None) -> LabPage:
        return LabPage(url=path)

    async def tabs(self) -> LabTabs:
        return LabTabs()

    async def shown(self) -> Sequence[str]:
        return ()
