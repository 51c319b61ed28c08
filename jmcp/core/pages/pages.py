"""The pages that are connected: whose they are, and questions to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

Way = Literal["collaboration", "jmcp", "file"]
"""How a page shares its notebooks: by JupyterLab's collaboration, by jmcp's labextension, not at all."""
Message = Mapping[str, Any]
NEVER = float("-inf")


class PageRefused(Exception):
    """A page's answer to a question that it cannot or will not answer; the message is the page's."""


@dataclass(slots=True, kw_only=True, eq=False)
class Page:
    """One page of JupyterLab or Notebook. `seen` is when the person turned to it last, by this
    process's clock (seconds, monotonic): the largest is where the person is. `path` is the notebook
    in front there."""

    owner: str
    way: Way
    app: str
    tell: Callable[[Message], None]
    seen: float = NEVER
    path: str | None = None
    _asked: dict[int, asyncio.Future[Any]] = field(default_factory=dict)


class Pages:
    """The pages of one server, of all its users. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._pages: list[Page] = []
        self._ids = count(1)
        self.changed = asyncio.Event()
        """Set whenever a page came or went; who waits for that clears it."""
        self._clock = clock

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, page: Page) -> None:
        """The page is connected, maybe once more: that says nothing of where the person is."""
        self._pages.append(page)
        self.changed.set()

    def remove(self, page: Page) -> None:
        """The page is gone: what it was asked stays unanswered."""
        self._pages.remove(page)
        self.changed.set()
        for asked in page._asked.values():
            if not asked.done():
                asked.cancel()

    def seen(self, page: Page, path: str | None, *, seconds_ago: float = 0.0) -> None:
        """The person turned to that page, or to another notebook in it, so many seconds ago."""
        page.seen = self._clock() - max(0.0, seconds_ago)
        page.path = path

    @property
    def collaborate(self) -> bool:
        """Whether a page shares notebooks by JupyterLab's collaboration."""
        return any(one.way == "collaboration" for one in self._pages)

    def of(self, owner: str) -> list[Page]:
        """The pages of one user: the one that was turned to last first, then those that were connected
        last."""
        own = (page for page in reversed(self._pages) if page.owner == owner)
        return sorted(own, key=lambda one: -one.seen)

    async def ask(
        self, page: Page, what: str, details: Message | None = None, *, seconds: float
    ) -> Any:
        """What the page answers. Raises PageRefused; TimeoutError when it says nothing, or is gone."""
        number = next(self._ids)
        asked = page._asked[number] = asyncio.get_running_loop().create_future()
        try:
            page.tell({**(details or {}), "type": "ask", "id": number, "what": what})
            async with asyncio.timeout(seconds):
                return await asyncio.shield(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if asked.cancelled() and not (task is not None and task.cancelling()):
                raise TimeoutError from None
            raise
        finally:
            del page._asked[number]

    def answered(self, page: Page, number: object, result: Any, problem: str | None) -> None:
        """The page answered; to what nobody asked, or asks any more, is passed over."""
        asked = page._asked.get(number) if isinstance(number, int) else None
        if asked is None or asked.done():
            return
        if problem is None:
            asked.set_result(result)
        else:
            asked.set_exception(PageRefused(problem))
