"""Answers to REST requests that no healthy Jupyter gives: each is one of the declared errors, and the
notebook keeps its kernel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import BackendError, JupyterUnreachable, KernelDown
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN
from tests.odd_answers import ANSWERS, OddApi
from tests.ports.kernels.conftest import LIMIT, Heard, notebook

FEW = ("a page", "created, but what", "not found", "an error")


@pytest.fixture
async def odd(server: ServerApp) -> AsyncIterator[OddApi]:
    api = OddApi(server.connection_url, TOKEN)
    yield api
    await api.close()


@pytest.fixture
async def kernels(odd: OddApi) -> AsyncIterator[RemoteKernels]:
    kernels = RemoteKernels(odd)
    yield kernels
    await kernels.close()


Operation = Callable[[RemoteKernels, NotebookRef, str], Awaitable[object]]

OPERATIONS: dict[str, Operation] = {
    "specs": lambda kernels, ref, kernel_id: kernels.specs(),
    "list": lambda kernels, ref, kernel_id: kernels.list(),
    "find": lambda kernels, ref, kernel_id: kernels.find(ref),
    "start": lambda kernels, ref, kernel_id: kernels.start(ref, None),
    "attach": lambda kernels, ref, kernel_id: kernels.attach(ref, kernel_id),
    "health": lambda kernels, ref, kernel_id: kernels.health(kernel_id),
    "interrupt": lambda kernels, ref, kernel_id: kernels.interrupt(kernel_id),
}


async def attempt(work: Awaitable[object]) -> BackendError | None:
    """The declared error that it ends with, if any; any other one fails the test."""
    try:
        async with asyncio.timeout(LIMIT):
            await work
    except BackendError as error:
        return error
    return None


@pytest.mark.parametrize("name", OPERATIONS)
async def test_each_odd_answer_to_each_request_is_a_declared_error(
    server: ServerApp, odd: OddApi, kernels: RemoteKernels, ref: NotebookRef, name: str
) -> None:
    kernel_id = await kernels.start(ref, None)
    await (await kernels.connect(kernel_id)).run("1", Heard())
    free = str(await server.kernel_manager.start_kernel(kernel_name="python3"))
    work = OPERATIONS[name]
    for answer in ANSWERS.values():
        number, begun = 0, 0
        while len(odd.asked) - begun >= number:  # until it makes no such request any more
            mine = await kernels.find(ref)
            other = free if mine == kernel_id else kernel_id
            begun = len(odd.asked)
            odd.answer(number, answer)
            await attempt(work(kernels, ref, other if name == "attach" else kernel_id))
            odd.go_on()
            number += 1
            assert await kernels.find(ref) in (kernel_id, free)
    assert {info.kernel_id for info in await kernels.list()} == {kernel_id, free}
    connection = await kernels.connect(kernel_id)
    assert (await connection.run("1", Heard())).status == "ok"


async def test_a_kernel_that_is_not_given_leaves_the_one_of_before(
    server: ServerApp, odd: OddApi, kernels: RemoteKernels, ref: NotebookRef
) -> None:
    """Jupyter's session moves aside first: when the second step fails it comes back."""
    kernel_id = await kernels.start(ref, None)
    free = str(await server.kernel_manager.start_kernel(kernel_name="python3"))
    begun = len(odd.asked)
    await kernels.attach(ref, free)
    steps = odd.asked[begun:]
    await kernels.attach(ref, kernel_id)
    before = await server.session_manager.list_sessions()
    odd.answer(steps.index("POST api/sessions"), ANSWERS["an error"])
    with pytest.raises(KernelDown):
        await kernels.attach(ref, free)
    odd.go_on()
    assert await kernels.find(ref) == kernel_id
    after = await server.session_manager.list_sessions()
    assert [(row["id"], row["path"]) for row in after] == [
        (row["id"], row["path"]) for row in before
    ]


async def test_a_kernel_is_stopped_whatever_is_answered(
    server: ServerApp, odd: OddApi, kernels: RemoteKernels
) -> None:
    for name in FEW:
        ref, number = notebook(server, f"{name}.ipynb"), 0
        kernel_id = await kernels.start(ref, None)
        while kernel_id in server.kernel_manager:
            odd.answer(number, ANSWERS[name])
            await attempt(kernels.shutdown(kernel_id))
            odd.go_on()
            number += 1
            assert number < 10
        with pytest.raises(BackendError):
            await kernels.connect(kernel_id)


async def test_a_kernel_that_is_started_in_vain_does_not_stay(
    server: ServerApp, odd: OddApi, kernels: RemoteKernels, ref: NotebookRef
) -> None:
    for private in (False, True):
        for number in range(4):
            odd.answer(number, ANSWERS["an error"])
            error = await attempt(kernels.start(ref, None, private=private))
            odd.go_on()
            if error is not None:
                assert isinstance(error, KernelDown | JupyterUnreachable)
                assert server.kernel_manager.list_kernel_ids() == []
            else:
                await kernels.shutdown(server.kernel_manager.list_kernel_ids()[0])
                break


async def test_a_page_is_told_as_what_it_is(odd: OddApi, kernels: RemoteKernels) -> None:
    odd.answer(0, ANSWERS["a page"])
    with pytest.raises(JupyterUnreachable, match=r"GET .*api/kernelspecs gave text/html"):
        await kernels.specs()
    odd.answer(0, ANSWERS["an error page"])
    with pytest.raises(JupyterUnreachable, match=r"failed at GET .*status 500"):
        await kernels.specs()
