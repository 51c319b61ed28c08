"""Scripts with real kernels of a Jupyter Server: whose calls they make, and what is left of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from jmcp.compose import API
from jmcp.core.calls.permissions import Permissions
from jmcp.core.observe.events import CallEvent, SessionEvent
from tests.calls import ALICE, BOB
from tests.jupyter_process import TOKEN, StartJupyter
from tests.running_jmcp import RunningJmcp
from tests.scenarios.runs.conftest import LIMIT
from tests.thorough import fast_only, thorough


class Calls:
    """The calls that were over, in that order."""

    def __init__(self) -> None:
        self.over: list[tuple[str, str, str]] = []

    def on_call(self, event: CallEvent) -> None:
        self.over.append((event.tool, event.owner, event.outcome))

    def on_session_event(self, event: SessionEvent) -> None: ...


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture(params=fast_only(["local file", "remote file"], "remote file"))
async def jmcp(
    request: pytest.FixtureRequest, jupyter: StartJupyter, calls: Calls
) -> AsyncIterator[RunningJmcp]:
    app = await jupyter(collaboration=False)
    options = {
        "observers": [calls],
        "permissions": Permissions(API, deny=["list_files"]),
    }
    async with RunningJmcp(app=app, mode=request.param, options=options).running() as made:
        yield made


async def kernels(jmcp: RunningJmcp) -> int:
    return len(await jmcp.dispatcher.kernels.list())


async def gone(jmcp: RunningJmcp, left: int) -> None:
    """Returns when no more kernels are left than these."""
    async with asyncio.timeout(LIMIT):
        while await kernels(jmcp) > left:  # noqa: ASYNC110 # processes of others
            await asyncio.sleep(0.05)


async def test_calls_are_those_of_the_caller_and_nothing_is_left(
    jmcp: RunningJmcp, calls: Calls
) -> None:
    code = (
        "import os\n"
        "client.use_notebook('a.ipynb', mode='create')\n"
        "print(client.list_kernels().kernels)\n"
        "seen = [str(globals()), str(os.environ), str(vars(client)), str(vars(client._calls))]\n"
        f"print({TOKEN!r} in ''.join(seen[1:]))\n"
        "client.list_files()"
    )
    done = await jmcp.call("run_script", code=code)
    # What the caller may not do, a script may not either.
    # Outside of Jupyter the first opening has a notice, which is printed before.
    assert "[]\nFalse\nline 6: client.list_files()\nNotPermitted: " in done["output"]
    own = [call for call in calls.over if call[1] == "alice"]
    assert own == [
        ("use_notebook", "alice", "ok"),
        ("list_kernels", "alice", "ok"),
        ("list_files", "alice", "not_permitted"),
        ("run_script", "alice", "ok"),
    ]
    # The session is the caller's, who goes on in it, and nobody else's.
    await jmcp.call("read_notebook", session_id=done["session_id"])
    refused = await jmcp.fail("read_notebook", BOB, session_id=done["session_id"])
    assert refused["code"] == "session_not_found"
    await gone(jmcp, 0)


async def test_who_may_only_read_runs_no_scripts(jmcp: RunningJmcp) -> None:
    reader = replace(ALICE, scopes=frozenset(("read",)))
    assert (await jmcp.fail("run_script", reader, code="1"))["code"] == "not_permitted"
    assert await kernels(jmcp) == 0


async def test_a_script_that_is_cancelled_takes_its_call_with_it(
    jmcp: RunningJmcp, calls: Calls
) -> None:
    flag = jmcp.root / "flag"
    inner = f"open({str(flag)!r}, 'w').close()\nimport time\ntime.sleep(600)"
    code = f"client.use_notebook('a.ipynb', mode='create')\nclient.execute_code({inner!r})"
    script = asyncio.create_task(jmcp.call("run_script", code=code))
    async with asyncio.timeout(LIMIT):
        while not flag.exists():  # noqa: ASYNC110 # a kernel writes it
            await asyncio.sleep(0.05)
    script.cancel()
    with pytest.raises(asyncio.CancelledError):
        await script
    async with asyncio.timeout(LIMIT):
        while ("execute_code", "alice", "cancelled") not in calls.over:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await gone(jmcp, 1)  # the notebook's own


@thorough
async def test_there_are_only_so_many_at_a_time(jmcp: RunningJmcp) -> None:
    scripts = [
        asyncio.create_task(jmcp.outcome("run_script", code="import time; time.sleep(600)"))
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    async with asyncio.timeout(LIMIT):
        while jmcp.dispatcher.scratch._owners["alice"] < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await jmcp.fail("run_script", code="1"))["code"] == "session_limit"
    for script in scripts:
        script.cancel()
    await asyncio.gather(*scripts, return_exceptions=True)
    await gone(jmcp, 0)


async def test_a_kernel_that_lacks_the_client_says_so(jmcp: RunningJmcp) -> None:
    # The kernel starts in this folder, whose modules come before those that are installed.
    (jmcp.root / "jmcp_api.py").write_text("raise ImportError('none here')", "utf-8")
    refused = await jmcp.fail("run_script", code="1")
    assert refused["code"] == "kernel_unable"
    assert "cannot call tools (ImportError: none here)" in refused["message"]
    await gone(jmcp, 0)
