"""The servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.scenarios.principals.token_server import Mode, TokenServer, token_server
from tests.thorough import fast_only

Servers = Callable[[Mode], TokenServer]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Each kind of server, started when the first test needs it."""
    started: dict[Mode, TokenServer] = {}
    with ExitStack() as stack:

        def get(mode: Mode) -> TokenServer:
            if mode not in started:
                base = tmp_path_factory.mktemp(mode)
                started[mode] = stack.enter_context(token_server(base, mode))
            return started[mode]

        yield get


@pytest.fixture(scope="session", params=fast_only(["local", "remote"], "local"))
def server(request: pytest.FixtureRequest, servers: Servers) -> TokenServer:
    return servers(request.param)


@pytest.fixture(scope="session")
def local_server(servers: Servers) -> TokenServer:
    return servers("local")
