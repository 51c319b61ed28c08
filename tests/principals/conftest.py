"""The servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.principals.house import House, house


@pytest.fixture(scope="session", params=["inside", "elsewhere"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with house(tmp_path_factory.mktemp(request.param), request.param) as made:
        yield made


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("inside"), "inside") as made:
        yield made
