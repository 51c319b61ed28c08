"""Which servers are admitted, and which are refused."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyterhub.spawner import SpawnException

from jmcp.hub.configuration.capacity import Capacity, CapacityHook
from jmcp.hub.configuration.memory import Memory

GIB = 2**30


@dataclass(eq=False)
class User:
    settings: dict[str, Any]
    spawners: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Spawner:
    """What the hook reads of JupyterHub's own."""

    user: User
    pending: str | None = "spawn"
    ready: bool = False
    mem_limit: int | None = GIB
    mem_guarantee: int | None = None
    user_options: dict[str, Any] = field(default_factory=dict)
    orm_spawner: Any = None

    @property
    def active(self) -> bool:
        return bool(self.pending or self.ready)

    def runs(self) -> None:
        self.pending, self.ready = None, True

    def stops(self) -> None:
        self.pending, self.ready = None, False


class Hub:
    def __init__(self) -> None:
        self.users: dict[str, User] = {}

    def spawner(self, name: str, **more: Any) -> Spawner:
        user = self.users[name] = User(settings={"users": self.users})
        user.spawners[""] = Spawner(user, **more)
        return user.spawners[""]  # type: ignore[no-any-return]


def hook(free: float = 100, total: float = 100, before: Any = None, **more: Any) -> CapacityHook:
    given: dict[str, Any] = {"servers": 2, "reserve": GIB, "server_bytes": GIB, **more}
    measured = Memory(total=int(total * GIB), free=int(free * GIB))
    return CapacityHook(Capacity(**given), lambda: measured, before)


def refused(ask: CapacityHook, spawner: Spawner) -> str:
    with pytest.raises(SpawnException) as error:
        ask(spawner)
    assert error.value.status_code == 503
    assert error.value.reason == "capacity"
    assert error.value.headers == {"Retry-After": "60"}
    return str(error.value.message)


def test_two_that_ask_at_once_for_the_last_place_do_not_both_lose_it() -> None:
    hub, ask = Hub(), hook()
    hub.spawner("a").runs()
    first, second = hub.spawner("b"), hub.spawner("c")
    ask(first)
    assert refused(ask, second).startswith("At capacity: 2 of 2 servers run.")
    first.stops()
    ask(second)


def test_a_start_that_failed_leaves_its_place() -> None:
    hub, ask = Hub(), hook(servers=1)
    first = hub.spawner("a")
    ask(first)
    first.stops()
    first.pending = "spawn"  # the same object again, as the Hub keeps it after a failure
    ask(first)
    refused(ask, hub.spawner("b"))


def test_servers_that_stop_still_have_their_memory() -> None:
    hub, ask = Hub(), hook(servers=1)
    hub.spawner("a", pending="stop")
    refused(ask, hub.spawner("b"))


def test_what_all_may_use_has_to_fit() -> None:
    hub, ask = Hub(), hook(total=4, servers=0)
    hub.spawner("a", mem_limit=2 * GIB).runs()
    message = refused(ask, hub.spawner("b", mem_limit=2 * GIB))
    assert "a server of 2G does not fit, as 1 servers may use 2G of 4G and 1G are kept" in message
    ask(hub.spawner("c"))


def test_a_guarantee_counts_in_place_of_the_limit() -> None:
    hub, ask = Hub(), hook(total=3, servers=0)
    hub.spawner("a", mem_limit=2 * GIB, mem_guarantee=GIB // 2).runs()
    ask(hub.spawner("b", mem_limit=2 * GIB, mem_guarantee=GIB // 2))


def test_servers_that_start_have_not_taken_their_memory_yet() -> None:
    hub, ask = Hub(), hook(free=3.5, servers=0)
    first, second = hub.spawner("a"), hub.spawner("b")
    ask(first)
    ask(second)
    message = refused(ask, hub.spawner("c"))
    assert "3.5G of memory are free, a server needs 1G and 1G are kept back" in message


def test_after_a_restart_the_template_says_how_large_a_server_is() -> None:
    hub, ask = Hub(), hook(total=6, servers=0, templates={"large": 4 * GIB})
    hub.spawner("a", user_options={"template": "large"}).runs()
    assert "1 servers may use 4G" in refused(ask, hub.spawner("b", mem_limit=2 * GIB))


async def test_the_hook_before_it_runs_for_admitted_servers_only() -> None:
    seen = []

    async def before(spawner: Any) -> None:
        seen.append(spawner)

    hub, ask = Hub(), hook(servers=1, before=before)
    first = hub.spawner("a")
    await ask(first)
    refused(ask, hub.spawner("b"))
    assert seen == [first]


def test_all_spawners_count_together() -> None:
    ask = hook()
    assert deepcopy({"pre_spawn_hook": ask})["pre_spawn_hook"] is ask
