"""Which notebooks are watched, for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from jmcp.core.background import run_each
from jmcp.core.calls.call import Caller
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.ports import NotebookRef
from jmcp.core.runs.index import RunIndex
from jmcp.core.sentences import SessionLimit
from jmcp.core.watching.notebook_watch import (
    LOOK_SECONDS,
    NotebookWatch,
    Reachable,
    Subscription,
)

MOST_OF_A_CLIENT = 16
"""Resources that one client is told of: each holds a notebook open."""
MOST_OF_ALL = 500
"""Resources that all clients who are there are told of."""


class Watches:
    """The notebooks of one server that clients want to be told of."""

    def __init__(
        self,
        leases: Leases,
        runs: RunIndex,
        refused: SessionLimit,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._leases = leases
        self._runs = runs
        self._refused = refused
        self._look_seconds = look_seconds
        self._watches: dict[str, NotebookWatch] = {}

    @property
    def count(self) -> int:
        return sum(len(watch.subscriptions) for watch in self._watches.values())

    async def add(
        self,
        ref: NotebookRef,
        cell_id: str | None,
        caller: Caller,
        *,
        tell: Callable[[], Awaitable[None]],
        reachable: Reachable,
    ) -> Subscription:
        """Tell that client of what others change from now on, in all of the notebook or a cell.

        Raises session_limit, and as `Documents.open`.
        """
        mine = [
            one
            for watch in self._watches.values()
            for one in watch.subscriptions
            if (one.owner, one.client) == (caller.owner, caller.told_apart_by)
        ]
        there = sum(
            bool(one.reachable()) for watch in self._watches.values() for one in watch.subscriptions
        )
        for limit, count in ((MOST_OF_A_CLIENT, len(mine)), (MOST_OF_ALL, there)):
            if count >= limit:
                raise self._refused.subscriptions(limit=limit)
        watch = self._watches.get(ref.key)
        if watch is None:
            watch = NotebookWatch(
                ref, self._leases, self._runs, self._unused, look_seconds=self._look_seconds
            )
            self._watches[ref.key] = self._leases.watched[ref.key] = watch
        subscription = Subscription(
            owner=caller.owner,
            client=caller.told_apart_by,
            cell_id=cell_id,
            tell=tell,
            reachable=reachable,
            watch=watch,
        )
        # Before anything is awaited: it counts, and nobody else's leaving ends the watch.
        watch.add(subscription)
        try:
            await watch.begin()
        except BaseException:
            subscription.close()
            raise
        return subscription

    async def close(self) -> None:
        watches = list(self._watches.values())
        self._watches.clear()
        self._leases.watched.clear()
        await run_each(*(partial(watch.close) for watch in watches))

    def _unused(self, key: str) -> None:
        self._watches.pop(key, None)
        self._leases.watched.pop(key, None)
