"""Calls without a session_id share one session, as with the older servers, where a server is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from jmcp.core.calls.call import Caller
from jmcp.core.errors import BackendError, StateUnavailable
from jmcp.core.kernels import status as status_module
from jmcp.core.sessions.shared_session import NOW, SharedSession
from jmcp_api.backend_errors import JupyterUnreachable, KernelDown
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

FIRST = Caller(owner="alice", authenticated=True, connection="mcp:1", client="first")
SECOND = Caller(owner="alice", authenticated=True, connection="mcp:2", client="second")
SECONDS = 10


@asynccontextmanager
async def sharing(
    shared: SharedSession | None = None, *, at_start: Caller | None = None
) -> AsyncIterator[FakeJmcp]:
    """A server with a.ipynb and b.ipynb whose calls without a session_id share one session."""
    made = FakeJmcp(options={"shared": shared or SharedSession(), "first_caller": at_start})
    made.documents.write("a.ipynb", "in_a = 1")
    made.documents.write("b.ipynb", "in_b = 1")
    async with made.running():
        yield made


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def append(server: FakeJmcp, caller: Caller, source: str, **more: Any) -> dict[str, Any]:
    given = {"cell_index": -1, "cell_type": "code", "cell_source": source, **more}
    return await server.call("insert_cell", caller, **given)


async def test_single_session_calls_without_an_id_work_where_another_client_opened() -> None:
    async with sharing() as server:
        opened = await server.call("use_notebook", FIRST, notebook_path="a.ipynb")
        added = await append(server, SECOND, "by_second = 2")
        assert (added["session_id"], added["notebook_path"]) == (opened["session_id"], "a.ipynb")
        # Whoever opens another one switches for all, as with one current notebook of a server.
        await server.call("use_notebook", SECOND, notebook_path="b.ipynb")
        added = await append(server, FIRST, "by_first = 3")
        assert added["notebook_path"] == "b.ipynb"
        # The name of a notebook that is open still says which one is meant.
        named = await append(server, FIRST, "again = 4", notebook_name="a")
        assert named["notebook_path"] == "a.ipynb"


async def test_legacy_calls_without_an_id_say_once_to_each_client_that_the_session_is_shared() -> (
    None
):
    async with sharing() as server:
        opened = await server.call("use_notebook", FIRST, notebook_path="a.ipynb")
        assert codes(opened) == ["session_shared"]
        assert "session_id" in opened["next"]
        assert opened["session_id"] not in opened["next"]  # no need to pass it on
        assert codes(await append(server, FIRST, "x = 1")) == []
        assert codes(await append(server, SECOND, "y = 1")) == ["session_shared"]
        assert codes(await append(server, SECOND, "z = 1")) == []


async def test_what_a_failed_call_could_not_tell_the_next_one_tells() -> None:
    async with sharing() as server:
        await server.call("use_notebook", FIRST, notebook_path="a.ipynb")
        await server.fail("read_cell", SECOND, cell_index=99)
        assert codes(await server.call("read_notebook", SECOND)) == ["session_shared"]


async def test_a_session_id_of_ones_own_works_apart() -> None:
    async with sharing() as server:
        await server.call("use_notebook", FIRST, notebook_path="a.ipynb")
        own = await server.open("b.ipynb", SECOND, session_id="my-own-session")
        assert own == "my-own-session"
        assert (await append(server, FIRST, "x = 1"))["notebook_path"] == "a.ipynb"
        assert codes(await append(server, SECOND, "y = 1", session_id=own)) == []
        read = await server.call("read_notebook", SECOND, session_id=own)
        assert (read["notebook_path"], read["cell_count"]) == ("b.ipynb", 2)


async def test_another_owner_shares_nothing_of_it() -> None:
    async with sharing() as server:
        await server.call("use_notebook", ALICE, notebook_path="a.ipynb")
        error = await server.fail("read_notebook", BOB)
        assert error["code"] == "session_required"
        assert "use_notebook" in error["message"]


async def test_two_processes_on_one_store_that_clients_started_do_not_share() -> None:
    one = Caller(owner="holder", authenticated=True, connection="stdio:0000000000000001")
    two = Caller(owner="holder", authenticated=True, connection="stdio:0000000000000002")
    async with sharing() as server:
        await server.call("use_notebook", one, notebook_path="a.ipynb")
        await server.call("use_notebook", two, notebook_path="b.ipynb")
        assert (await append(server, one, "x = 1"))["notebook_path"] == "a.ipynb"


async def test_without_a_configured_notebook_the_error_says_what_to_call() -> None:
    async with sharing() as server:
        error = await server.fail("execute_cell", cell_index=0)
        assert error["code"] == "session_required"
        assert "use_notebook" in error["message"]


async def test_the_lookup_comes_to_the_configured_notebook_only_without_a_session_id() -> None:
    async with sharing(SharedSession(notebook="a.ipynb")) as server:
        error = await server.fail("read_notebook", session_id="no-such-session")
        assert error["code"] == "session_not_found"
        read = await server.call("read_notebook")
        assert read["notebook_path"] == "a.ipynb"
        assert codes(read) == ["session_shared", "notebook_opened"]
        assert codes(await server.call("read_notebook")) == []


async def test_enrolled_at_start_a_notebook_needs_no_use_notebook_and_no_kernel() -> None:
    async with sharing(SharedSession(notebook="a.ipynb"), at_start=ALICE) as server:
        await enrolled(server)
        assert server.kernels.kernels == {}
        ran = await server.call("execute_cell", cell_index=0)
        assert (ran["status"], ran["notebook_path"]) == ("ok", "a.ipynb")
        assert "notebook_opened" not in codes(ran)


async def test_enrolled_at_start_with_a_new_kernel_that_runs_before_the_first_call() -> None:
    shared = SharedSession(notebook="a.ipynb", kernel=NOW)
    async with sharing(shared, at_start=ALICE) as server:
        await enrolled(server)
        async with asyncio.timeout(SECONDS):
            while not server.kernels.kernels:  # noqa: ASYNC110 # a task of the server starts it
                await asyncio.sleep(0)
        [started] = server.kernels.kernels
        ran = await server.call("execute_cell", cell_index=0)
        assert ran["status"] == "ok"
        assert list(server.kernels.kernels) == [started]


async def test_enrolled_at_start_with_the_kernel_of_an_id() -> None:
    async with sharing(SharedSession(notebook="b.ipynb")) as server:
        own = await server.open("a.ipynb", session_id="some-session")
        await server.call("execute_cell", session_id=own, cell_index=0)
        await server.call("unuse_notebook", session_id=own, kernel="keep")
        [kernel_id] = server.kernels.kernels
        server.kernels.kernels[kernel_id].notebook = None  # a console's, say
        assert server.dispatcher.shared_calls is not None
        server.dispatcher.shared_calls.shared = SharedSession(notebook="b.ipynb", kernel=kernel_id)
        await server.call("execute_cell", cell_index=0)
        ran = await server.call("execute_code", code="print(in_a + in_b)")
        assert ran["outputs"][0]["text"] == "2\n"
        assert list(server.kernels.kernels) == [kernel_id]


async def test_a_configured_notebook_that_is_missing_is_said_and_another_one_opens() -> None:
    async with sharing(SharedSession(notebook="no.ipynb"), at_start=ALICE) as server:
        error = await server.fail("read_notebook")
        assert error["code"] == "session_required"
        assert "no.ipynb" in error["message"]
        assert "use_notebook" in error["message"]
        await server.call("use_notebook", notebook_path="a.ipynb")
        assert (await server.call("read_notebook"))["notebook_path"] == "a.ipynb"


async def test_of_two_first_calls_one_opens_the_configured_notebook() -> None:
    async with sharing(SharedSession(notebook="a.ipynb")) as server:
        both = await asyncio.gather(append(server, FIRST, "x = 1"), append(server, SECOND, "y = 1"))
        assert sorted(codes(one).count("notebook_opened") for one in both) == [0, 1]
        assert {one["session_id"] for one in both} == {"shared-session"}
        assert (await server.call("read_notebook"))["cell_count"] == 3


async def enrolled(server: FakeJmcp) -> None:
    """Wait until the shared session is there."""
    async with asyncio.timeout(SECONDS):
        while not (await server.call("list_notebooks"))["total"]:  # noqa: ASYNC110 # a task of the server opens it
            await asyncio.sleep(0)


@pytest.mark.parametrize("kernel", ["alive", "dead"])
async def test_kernel_status_is_true(kernel: str) -> None:
    async with sharing() as server:
        status = server.dispatcher.kernel_status
        assert await status(ALICE) == "not_initialized"
        await server.call("use_notebook", notebook_path="a.ipynb")
        assert await status(ALICE) == "not_initialized"
        await server.call("execute_cell", cell_index=0)
        if kernel == "dead":
            [one] = server.kernels.kernels
            server.kernels.kill(one)
        assert await status(ALICE) == kernel
        assert await status(BOB) == "not_initialized"


async def test_a_call_that_comes_while_the_notebook_is_opened_at_the_start_waits_for_it() -> None:
    made = FakeJmcp(
        options={"shared": SharedSession(notebook="a.ipynb", kernel=NOW), "first_caller": ALICE}
    )
    made.documents.write("a.ipynb", "in_a = 1")
    opening = made.faults.hold("documents.open")
    async with made.running():
        async with asyncio.timeout(SECONDS):
            await opening.reached.wait()
        call = asyncio.create_task(made.call("execute_cell", cell_index=0))
        await asyncio.sleep(0)
        opening.release()
        ran = await call
        assert (ran["status"], codes(ran)) == ("ok", ["session_shared"])


async def test_a_stop_does_not_wait_for_the_notebook_that_is_opened_at_the_start() -> None:
    made = FakeJmcp(options={"shared": SharedSession(notebook="a.ipynb"), "first_caller": ALICE})
    made.documents.write("a.ipynb", "in_a = 1")
    opening = made.faults.hold("documents.open")
    async with asyncio.timeout(SECONDS / 5), made.running():
        await opening.reached.wait()


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (JupyterUnreachable.not_yet(), "unknown"),
        (KernelDown.died_before_answer(), "dead"),
        (StateUnavailable("the store is locked"), "error"),
    ],
)
async def test_kernel_status_says_what_kept_it_from_knowing(
    failure: BackendError, status: str
) -> None:
    async with sharing(SharedSession(notebook="a.ipynb")) as server:
        await server.call("execute_cell", cell_index=0)
        server.faults.fail("kernels.health", failure)
        assert await server.dispatcher.kernel_status(ALICE) == status


async def test_kernel_status_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "STATUS_SECONDS", 0.01)
    async with sharing(SharedSession(notebook="a.ipynb")) as server:
        await server.call("execute_cell", cell_index=0)
        hold = server.faults.hold("kernels.health")
        assert await server.dispatcher.kernel_status(ALICE) == "unknown"
        hold.release()
