"""A wheel alone, without the repository, serves; so does the bundle, which has that wheel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp.client.stdio import StdioServerParameters

from distribution.packages import CHECKOUT
from tests.distribution.conftest import Built
from tests.distribution.hosts import first_run, started_by_host
from tests.distribution.installation import Installation, installed
from tests.distribution.test_packages import PACKAGES
from tests.served import Served, environment, serve
from tests.stdio import client

WHERE = f"""\
import json, sys
from importlib.util import find_spec
print(json.dumps([sys.path, [find_spec(name).origin for name in {list(PACKAGES)}]]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that was started from the wheel."""

    installation: Installation
    served: Served
    home: Path


@pytest.fixture(scope="module")
def running(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    base = tmp_path_factory.mktemp("wheel")
    home = base / "home"
    installation = installed(built.wheel, base / "environment")
    with serve(
        home, base / "root", jmcp=[installation.jmcp], variables=installation.variables
    ) as served:
        yield Running(installation=installation, served=served, home=home)


def test_the_repository_is_not_imported(running: Running) -> None:
    """Else none of the others would prove anything."""
    base = running.home.parent
    shown = running.installation.run(
        running.installation.python, "-c", WHERE, home=running.home, cwd=base
    )
    path, files = json.loads(shown.stdout)
    assert all(file.startswith(str(running.installation.folder)) for file in files)
    for folder in ("", "generated", "handlers", "codegen"):
        assert str(CHECKOUT / folder) not in path


async def test_it_serves_and_its_kernels_have_what_it_has(running: Running) -> None:
    env = environment(running.home) | running.installation.variables
    command, root = running.installation.jmcp, running.served.root
    server = StdioServerParameters(command=command, args=["connect"], env=env, cwd=root)
    result = await first_run(server, "import sys; print(sys.prefix)")
    assert not result.is_error, result.content
    # The kernel is the one of that environment, so that it has jmcp[demo] where that is installed.
    assert str(running.installation.folder) in str(result.content[0])


async def test_the_bundle_starts_as_its_manifest_says(
    running: Running, built: Built, tmp_path: Path
) -> None:
    """With the paths replaced as its host does, and an installation that is there instead of uv's."""
    command, arguments, chosen = started_by_host(built.bundle, tmp_path, running.served.root)
    assert [command, *arguments[:3]] == ["uv", "run", "--project", str(tmp_path)]
    env = environment(running.home) | running.installation.variables | chosen
    # From nowhere that means anything, as desktop applications start their servers.
    server = StdioServerParameters(
        command=running.installation.python, args=arguments[3:], env=env, cwd="/"
    )
    async with client(server) as agent:
        result = await agent.call_tool("list_kernels", {})
    assert not result.is_error, result.content
