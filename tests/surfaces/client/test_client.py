"""The generated clients, at a server that runs as a user's does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator

import pytest

from jmcp.client.answer import Progress
from jmcp_api import errors
from jmcp_api.client import AsyncJmcpClient, JmcpClient
from jmcp_api.registry import TOOLS
from tests.served import Served

SECONDS = 60


@pytest.fixture
def client(served: Served) -> Iterator[JmcpClient]:
    with JmcpClient(served.url, served.token) as one:
        yield one
        if one.session_id is not None:
            one.unuse_notebook(kernel="stop")


@pytest.fixture
def notebook(served: Served, request: pytest.FixtureRequest) -> Iterator[str]:
    """The path of a notebook that the test may create."""
    name = f"client-{request.node.name}.ipynb"
    yield name
    (served.root / name).unlink(missing_ok=True)


@pytest.mark.parametrize("kind", [AsyncJmcpClient, JmcpClient])
def test_there_is_a_method_for_each_tool(kind: type[object]) -> None:
    methods = {name for name, _ in inspect.getmembers(kind, inspect.isfunction)}
    assert TOOLS.keys() <= methods
    for name, tool in TOOLS.items():
        params = set(inspect.signature(getattr(kind, name)).parameters) - {"self", "on_progress"}
        assert params == tool.params.model_fields.keys()


def test_calls_go_on_in_the_session_that_one_has_opened(client: JmcpClient, notebook: str) -> None:
    opened = client.use_notebook(notebook, mode="create")
    assert client.session_id == opened.session_id is not None
    heard: list[Progress] = []
    ran = client.insert_execute_code_cell(
        "print('here')\n1 + 1", cell_index=-1, on_progress=heard.append
    )
    assert (ran.status, [output.text for output in ran.outputs]) == ("ok", ["here\n", "2"])
    assert [notice.code for notice in ran.notices] == ["kernel_started"]
    assert "here" in ran.text_content
    assert heard[-1].outputs[0]["text"] == "here\n"
    cells = client.read_notebook().cells
    assert cells[-1].cell_id == ran.cell_id
    assert client.unuse_notebook(kernel="stop").session_ended
    assert client.session_id is None


def test_an_error_of_a_tool_has_its_class_and_its_details(
    client: JmcpClient, notebook: str
) -> None:
    client.use_notebook(notebook, mode="create")
    with pytest.raises(errors.CellNotFound, match="cell_index 9") as refused:
        client.read_cell(cell_index=9)
    assert refused.value.details == {"cell_count": 1}


async def test_a_call_that_is_cancelled_ends_on_the_server(served: Served, notebook: str) -> None:
    async with AsyncJmcpClient(served.url, served.token) as client:
        await client.use_notebook(notebook, mode="create")
        begun = asyncio.Event()

        def hear(told: Progress) -> None:
            if told.outputs:
                begun.set()

        source = "import time\nprint('begun', flush=True)\ntime.sleep(600)"
        call = asyncio.create_task(client.execute_code(source, on_progress=hear))
        async with asyncio.timeout(SECONDS):
            waiting = asyncio.create_task(begun.wait())
            done, _ = await asyncio.wait({call, waiting}, return_when=asyncio.FIRST_COMPLETED)
            assert call not in done, call.result()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            # Code without a cell ends with its caller, so that the kernel is free again.
            assert (await client.execute_code("1 + 1")).status == "ok"
        await client.unuse_notebook(kernel="stop")
