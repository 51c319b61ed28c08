"""The 57 functional checks of the older servers' suite, unattended and each able to fail.

Those that need a kernel run over MCP against a real server, in one notebook with one kernel; the
others on the fakes, and with JMCP_THOROUGH=1 on the real server too.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.fakes.jmcp import FakeJmcp
from tests.scenarios.compat.checks import CHECKS, Check
from tests.scenarios.compat.old_client import (
    FakeOldClient,
    RealOldClient,
    call,
    connected,
    notebook_text,
)
from tests.served import Served
from tests.thorough import thorough

GROUPS = {
    "info": 2,
    "reading": 3,
    "markdown": 3,
    "code": 3,
    "execution": 4,
    "manipulation": 3,
    "management": 3,
    "workspace": 2,
    "error and warning detection": 8,
    "truncation": 2,
    "stress sync": 5,
    "connection resilience": 2,
    "large data": 5,
    "execution edge cases": 3,
    "invalid input": 4,
    "concurrency": 3,
    "switching edge cases": 2,
}
"""The groups of that suite, and how many of its checks are in each."""


def test_they_are_57_in_17_groups() -> None:
    assert Counter(check.group for check in CHECKS) == GROUPS
    assert (len(CHECKS), len(GROUPS), len({str(check) for check in CHECKS})) == (57, 17, 57)


@pytest.mark.parametrize("check", [one for one in CHECKS if not one.kernel], ids=str)
async def test_on_the_fakes(check: Check) -> None:
    async with FakeJmcp(journaled=True).running() as jmcp:
        old = FakeOldClient(jmcp)
        old.put("notebook.ipynb", notebook_text())
        await call(old, "use_notebook", notebook_name="notebook", notebook_path="notebook.ipynb")
        await check.run(old)
    assert not +jmcp.documents.held, "a document is still held"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def old(served: Served) -> AsyncIterator[RealOldClient]:
    """One connection, whose client is in a task of its own: the task that enters it has to leave it."""
    ready: asyncio.Future[RealOldClient] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def live() -> None:
        try:
            async with connected(served) as client:
                ready.set_result(client)
                await done.wait()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    living = asyncio.create_task(live())
    yield await ready
    done.set()
    await living


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def with_kernel(old: RealOldClient) -> AsyncIterator[RealOldClient]:
    """The same with a notebook open, whose kernel all checks use."""
    old.put("checks with a kernel.ipynb", notebook_text())
    await call(old, "use_notebook", notebook_path="checks with a kernel.ipynb")
    yield old
    await call(old, "unuse_notebook", kernel="stop")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("check", [one for one in CHECKS if one.kernel], ids=str)
async def test_with_a_kernel(check: Check, with_kernel: RealOldClient) -> None:
    await check.run(with_kernel)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_log_is_sent_as_events_over_rest(
    served: Served, with_kernel: RealOldClient
) -> None:
    session = (await call(with_kernel, "get_notebook_info"))["session_id"]
    code = "import time\nprint('first', flush=True)\ntime.sleep(1.2)\nprint('last')"
    added = await call(with_kernel, "append_code_cell", cell_source=code)
    headers = served.headers | {"Accept": "text/event-stream"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=60) as http:
        answer = await http.post(
            f"jmcp/v1/sessions/{session}/compat/execute_cell_streaming",
            json={"cell_id": added["cell_id"], "progress_interval": 1},
        )
    events = [event.split("\ndata: ") for event in answer.text.split("\n\n") if "data: " in event]
    progress = [json.loads(data)["message"] for kind, data in events if kind == "event: progress"]
    (result,) = (json.loads(data) for kind, data in events if kind == "event: result")
    assert progress
    assert progress[0] == result["result"][0]
    assert progress[0].endswith("] first")
    assert result["result"][-1].endswith("] completed")


@thorough
@pytest.mark.parametrize("check", [one for one in CHECKS if not one.kernel], ids=str)
async def test_on_a_real_server(check: Check, served: Served) -> None:
    async with connected(served) as client:
        path = f"{check}.ipynb".replace(":", "")
        client.put(path, notebook_text())
        opened = await call(client, "use_notebook", notebook_path=path)
        await check.run(client)
        while True:
            released = await call(
                client, "unuse_notebook", session_id=opened["session_id"], kernel="stop"
            )
            if released.get("session_ended"):
                break
