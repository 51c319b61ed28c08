"""Every example of the spec on a Jupyter Server that is remote; `test_examples` runs them inside Jupyter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests import stdio
from tests.served import Served, jupyter_server, standalone
from tests.surfaces.contract.examples import Example, one_of_each
from tests.surfaces.contract.folder import Folder
from tests.surfaces.contract.surfaces import Mcp, Rest
from tests.surfaces.contract.test_examples import EXAMPLES, check
from tests.thorough import thorough

pytestmark = thorough


@pytest.fixture(scope="module", params=[True, False], ids=["live", "plain"])
def remote(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """With collaboration, and without."""
    base = tmp_path_factory.mktemp("elsewhere")
    with (
        jupyter_server(
            base / "jupyter",
            base / "root",
            collaboration=request.param,
            extensions=("jupyterlab",),
        ) as jupyter,
        standalone(base / "home", jupyter) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def over_stdio(remote: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stdio.Stdio]:
    assert remote.jupyter is not None
    server = stdio.parameters(tmp_path_factory.mktemp("stdio"), remote.jupyter)
    with stdio.surface(server) as surface:
        yield surface


@pytest.fixture
async def folder(remote: Served) -> AsyncIterator[Folder]:
    folder = Folder(remote)
    yield folder
    await folder.empty()


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
async def test_remote_over_mcp(example: Example, remote: Served, folder: Folder) -> None:
    await check(example, Mcp(remote, "auto"), folder)


@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_remote_over_rest(example: Example, remote: Served, folder: Folder) -> None:
    await check(example, Rest(remote), folder)


@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_remote_over_stdio(example: Example, remote: Served, over_stdio: stdio.Stdio) -> None:
    # Sessions of its own, made over that very surface: another process shares none with it.
    folder = Folder(remote, over_stdio)
    try:
        await check(example, over_stdio, folder)
    finally:
        await folder.empty()
