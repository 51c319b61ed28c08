"""What `ports.Kernels` promises, of Jupyter's kernels near and far and of the fake."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import KernelDown, KernelMissing, KernelspecMissing, KernelTaken
from jmcp.core.ports import Kernels, NotebookRef, Reply, Request
from jmcp_handlers.support.variables.question import answered, question
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.fakes.kernels import FakeKernel, FakeKernels
from tests.jupyter_process import TOKEN, StartJupyter
from tests.ports.kernels.conftest import LIMIT, Heard, manager, notebook

pytestmark = pytest.mark.oldest

SLEEP = "import time; print('begun', flush=True); time.sleep(60)"


class KernelSetup(ABC):
    """Kernels, and what others do to them."""

    kernels: Kernels

    @abstractmethod
    def notebook(self, path: str) -> NotebookRef: ...
    @abstractmethod
    async def start_free(self) -> str:
        """A kernel that belongs to no notebook."""

    @abstractmethod
    async def remove(self, kernel_id: str) -> None:
        """Somebody else stops the kernel."""


@dataclass(kw_only=True)
class KernelServer(KernelSetup):
    app: ServerApp
    kernels: Kernels

    def notebook(self, path: str) -> NotebookRef:
        return notebook(self.app, path)

    async def start_free(self) -> str:
        return str(await self.app.kernel_manager.start_kernel(kernel_name="python3"))

    async def remove(self, kernel_id: str) -> None:
        await manager(self.app, kernel_id).parent.shutdown_kernel(kernel_id, now=True)


@dataclass(kw_only=True)
class FakeKernelSetup(KernelSetup):
    kernels: FakeKernels

    def notebook(self, path: str) -> NotebookRef:
        return NotebookRef(key=f"key of {path}", path=path)

    async def start_free(self) -> str:
        kernel_id = await self.kernels.start(self.notebook("free"), None, private=True)
        self.kernels.kernels[kernel_id].private = False
        return kernel_id

    async def remove(self, kernel_id: str) -> None:
        self.kernels.kill(kernel_id)
        del self.kernels.kernels[kernel_id]


@pytest.fixture(params=["local", "remote", "fake"])
async def setup(
    request: pytest.FixtureRequest, jupyter: StartJupyter
) -> AsyncIterator[KernelSetup]:
    if request.param == "fake":
        fakes = FakeKernels()
        yield FakeKernelSetup(kernels=fakes)
        await fakes.close()
        return
    app = await jupyter(collaboration=False, ZMQChannelsWebsocketConnection={"limit_rate": False})
    api = JupyterApi(app.connection_url, TOKEN)
    kernels: Kernels = RemoteKernels(api) if request.param == "remote" else LocalKernels(app)
    yield KernelServer(app=app, kernels=kernels)
    await kernels.close()
    await api.close()


class Started(Heard):
    """Says when the code has begun to print."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    def __call__(self, kind: str, content: dict[str, object], metadata: dict[str, object]) -> None:
        super().__call__(kind, content, metadata)
        if kind == "stream":
            self.printed.set()


async def sleeping(kernels: Kernels, kernel_id: str) -> tuple[asyncio.Task[Reply], Started]:
    """A run that has printed, and would go on for a minute."""
    connection, heard = await kernels.connect(kernel_id), Started()
    run = asyncio.create_task(connection.run(SLEEP, heard))
    async with asyncio.timeout(LIMIT):
        await heard.printed.wait()
    return run, heard


async def ids(kernels: Kernels) -> set[str]:
    return {info.kernel_id for info in await kernels.list()}


QUESTION = question(
    {"pattern": "*", "type": None, "start": 0, "limit": 0, "each_seconds": 0.1, "all_seconds": 2.0}
)


async def test_a_question_is_answered_and_leaves_no_trace(setup: KernelSetup) -> None:
    connection = await setup.kernels.connect(
        await setup.kernels.start(setup.notebook("a.ipynb"), None)
    )
    async with asyncio.timeout(LIMIT):
        await connection.run("x = 41", Heard())
        await connection.run("x + 1", Heard())
        heard = Heard()
        reply = await connection.ask(QUESTION, heard)
        assert (reply.status, reply.answer is not None) == ("ok", True)
        assert {kind for kind, _ in heard.messages} <= {"status"}
        found = answered((reply.answer or {})["data"]["text/plain"])
        assert [(row["name"], row["preview"]) for row in found["variables"]] == [("x", "41")]
        after = await connection.run("y = 1", Heard())
        assert after.execution_count == 3
        broken = await connection.ask("1 +", Heard())
        assert (broken.answer or {})["ename"] == "SyntaxError"


async def test_a_kernel_is_started_found_listed_and_stopped(setup: KernelSetup) -> None:
    kernels, ref = setup.kernels, setup.notebook("a.ipynb")
    assert await kernels.find(ref) is None
    assert await ids(kernels) == set()
    kernel_id = await kernels.start(ref, None)
    assert await kernels.find(ref) == kernel_id
    connection = await kernels.connect(kernel_id)
    assert await kernels.connect(kernel_id) is connection
    assert kernels.connected == 1
    await connection.run("1", Heard())
    (info,) = await kernels.list()
    assert (info.kernel_id, info.notebook_path) == (kernel_id, "a.ipynb")
    assert (info.kernel_name, info.language, info.state) == ("python3", "python", "idle")
    assert info.connections == 0, "jmcp's own is none"
    health = await kernels.health(kernel_id)
    assert (health.alive, health.generation) == (True, connection.generation)
    assert health.process_name == connection.process_name
    assert await kernels.health(kernel_id) == health
    await kernels.shutdown(kernel_id)
    assert await kernels.find(ref) is None
    assert not (await kernels.health(kernel_id)).alive
    with pytest.raises(KernelMissing):
        await kernels.connect(kernel_id)
    with pytest.raises(KernelMissing):
        await kernels.interrupt(kernel_id)


async def test_starting_several_times_at_once_makes_one_kernel(setup: KernelSetup) -> None:
    kernels, ref = setup.kernels, setup.notebook("a.ipynb")
    started = await asyncio.gather(*(kernels.start(ref, "python3") for _ in range(5)))
    assert len(set(started)) == 1
    assert await ids(kernels) == {started[0]}
    assert await kernels.start(ref, None) == started[0]


async def test_a_kernelspec_that_is_not_installed_is_refused(setup: KernelSetup) -> None:
    kernels, ref = setup.kernels, setup.notebook("a.ipynb")
    with pytest.raises(KernelspecMissing, match=r"'julia-9'.*python3") as caught:
        await kernels.start(ref, "julia-9")
    assert await ids(kernels) == set()
    specs, default = await kernels.specs()
    assert caught.value.details["installed"] == [spec.name for spec in specs]
    assert default in [spec.name for spec in specs]


async def test_a_rename_keeps_the_kernel(setup: KernelSetup) -> None:
    kernels, ref = setup.kernels, setup.notebook("a.ipynb")
    kernel_id = await kernels.start(ref, None)
    assert await kernels.find(replace(ref, path="renamed.ipynb")) == kernel_id
    (info,) = await kernels.list()
    assert info.notebook_path == "renamed.ipynb"
    assert await kernels.find(setup.notebook("other.ipynb")) is None


async def test_whose_kernel_is_whose(setup: KernelSetup) -> None:
    kernels, ref, other = setup.kernels, setup.notebook("a.ipynb"), setup.notebook("b.ipynb")
    with pytest.raises(KernelMissing):
        await kernels.attach(ref, "no-such-kernel")
    kernel_id = await kernels.start(other, None)
    with pytest.raises(KernelTaken, match=r"b\.ipynb"):
        await kernels.attach(ref, kernel_id)
    await kernels.attach(other, kernel_id)
    private = await kernels.start(other, None, private=True)
    assert private != kernel_id
    assert await kernels.find(other) == kernel_id
    free = await setup.start_free()
    await kernels.attach(ref, free)
    assert await kernels.find(ref) == free
    await kernels.shutdown(private)
    assert await ids(kernels) == {kernel_id, free}


async def test_a_run_sends_what_it_did_and_returns_how_it_ended(setup: KernelSetup) -> None:
    kernels = setup.kernels
    kernel_id = await kernels.start(setup.notebook("a.ipynb"), None)
    connection = await kernels.connect(kernel_id)
    heard, sent = Heard(), list[Request]()
    reply = await connection.run("x = 20\nprint(x)\nx + 1", heard, on_sent=sent.append)
    assert (reply.status, reply.execution_count) == ("ok", 1)
    assert heard.text == "20\n"
    (result,) = heard.of("execute_result")
    assert result["data"] == {"text/plain": "21"}
    assert result["execution_count"] == 1
    assert heard.of("status")[-1] == {"execution_state": "idle"}
    assert [request.kernel_id for request in sent] == [kernel_id]

    heard = Heard()
    code = "class Odd(Exception): pass\nprint('[ERROR: not one]')\nraise Odd('strange')"
    reply = await connection.run(code, heard)
    assert (reply.status, reply.ename, reply.evalue) == ("error", "Odd", "strange")
    assert reply.traceback
    assert heard.of("error")[0]["ename"] == "Odd"
    assert reply.execution_count == 2

    reply = await connection.run("print(x)", heard, store_history=False)
    assert reply.status == "ok"
    assert (await connection.run("x", Heard())).execution_count == 3


async def test_a_listener_that_fails_ends_its_own_run_alone(setup: KernelSetup) -> None:
    kernels = setup.kernels
    connection = await kernels.connect(await kernels.start(setup.notebook("a.ipynb"), None))

    def bug(kind: str, content: dict[str, object], metadata: dict[str, object]) -> None:
        raise LookupError(kind)

    with pytest.raises(LookupError):
        await connection.run("1", bug)
    assert (await connection.run("1", Heard())).status == "ok"


async def test_an_interrupt_ends_the_run_and_leaves_the_kernel(setup: KernelSetup) -> None:
    kernels = setup.kernels
    kernel_id = await kernels.start(setup.notebook("a.ipynb"), None)
    await (await kernels.connect(kernel_id)).run("x = 1", Heard())
    run, heard = await sleeping(kernels, kernel_id)
    await kernels.interrupt(kernel_id)
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert (reply.status, reply.ename) == ("error", "KeyboardInterrupt")
    assert heard.text == "begun\n"
    connection, after = await kernels.connect(kernel_id), Heard()
    await connection.run("print(x)", after)
    assert (after.text, connection.generation) == ("1\n", 1)


@pytest.mark.parametrize(
    ("ending", "lost"),
    [
        ("restart", "kernel_restarted"),
        ("shutdown", "kernel_died"),
        ("somebody's shutdown", "kernel_died"),
    ],
)
async def test_a_run_is_lost_with_its_process(setup: KernelSetup, ending: str, lost: str) -> None:
    kernels = setup.kernels
    kernel_id = await kernels.start(setup.notebook("a.ipynb"), None)
    run, _ = await sleeping(kernels, kernel_id)
    if ending == "restart":
        await kernels.restart(kernel_id)
    elif ending == "shutdown":
        await kernels.shutdown(kernel_id)
    else:
        await setup.remove(kernel_id)
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert (reply.status, reply.lost) == ("lost", lost)
    if ending != "restart":
        assert not (await kernels.health(kernel_id)).alive
        return
    connection, after = await kernels.connect(kernel_id), Heard()
    reply = await connection.run("print('time' in globals())", after)
    assert (reply.status, after.text) == ("ok", "False\n")
    assert connection.generation == 2


async def test_a_cancelled_run_leaves_the_kernel_to_it(setup: KernelSetup) -> None:
    kernels = setup.kernels
    kernel_id = await kernels.start(setup.notebook("a.ipynb"), None)
    run, _ = await sleeping(kernels, kernel_id)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    async with asyncio.timeout(LIMIT):
        while [info.state for info in await kernels.list()] != ["busy"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await kernels.interrupt(kernel_id)
    async with asyncio.timeout(LIMIT):
        while [info.state for info in await kernels.list()] != ["idle"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_fake_brings_up_no_dead_kernel() -> None:
    """What only the fake can do at a wish: real ones come back by Jupyter's restarter."""
    kernels = FakeKernels()
    ref = NotebookRef(key="k", path="a.ipynb")
    kernel_id = await kernels.start(ref, None)
    kernels.kill(kernel_id)
    assert [info.state for info in await kernels.list()] == ["dead"]
    with pytest.raises(KernelDown):
        await kernels.connect(kernel_id)
    kernels.revive(kernel_id)
    kernel = await kernels.connect(kernel_id)
    assert isinstance(kernel, FakeKernel)
    assert kernel.generation == 2
    kernels.kill(kernel_id)
    replacement = await kernels.start(ref, None)
    assert replacement != kernel_id
    assert await ids(kernels) == {replacement}
