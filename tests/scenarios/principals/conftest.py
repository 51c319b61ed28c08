"""The servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.scenarios.principals.house import House, Where, house

Houses = Callable[[Where], House]


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """Each kind of server, started when the first test needs it."""
    started: dict[Where, House] = {}
    with ExitStack() as stack:

        def get(where: Where) -> House:
            if where not in started:
                base = tmp_path_factory.mktemp(where)
                started[where] = stack.enter_context(house(base, where))
            return started[where]

        yield get


@pytest.fixture(scope="session", params=["inside", "elsewhere"])
def shared(request: pytest.FixtureRequest, houses: Houses) -> House:
    return houses(request.param)


@pytest.fixture(scope="session")
def inside(houses: Houses) -> House:
    return houses("inside")
