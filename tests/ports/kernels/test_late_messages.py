"""What the threads of a run send when the run is over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from jmcp.core.ports import Kernels, NotebookRef, Reply
from jmcp_jupyter.kernels.common import late_messages
from jmcp_jupyter.kernels.common.late_messages import LateMessages
from jmcp_jupyter.kernels.common.messages import Message
from tests.ports.kernels.conftest import LIMIT, Heard, both

THREAD = """
import os, threading, time
def late():
    while not os.path.exists('go'):
        time.sleep(.05)
    print('from the thread', flush=True)
threading.Thread(target=late).start()
print('main')
"""


class Late(Heard):
    """Lets a test wait for what a thread prints."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()

    def __call__(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        super().__call__(kind, content, metadata)
        if "from the thread" in self.text:
            self.came.set()


@both
async def test_what_a_thread_prints_after_its_run_is_heard(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    heard = Late()
    async with asyncio.timeout(LIMIT):
        assert (await connection.run(THREAD, heard)).status == "ok"
        assert heard.text == "main\n"
        (Path(server.root_dir) / ref.path).with_name("go").touch()
        await heard.came.wait()
    assert heard.text == "main\nfrom the thread\n"


def printed(request: str) -> Message:
    return Message(
        channel="iopub",
        header={"msg_type": "stream"},
        parent={"msg_id": request},
        metadata={},
        content={"text": "x"},
    )


def ended(result: Any) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_result(result)
    return future


async def test_only_the_last_runs_are_listened_to() -> None:
    runs = LateMessages()
    listeners = [Heard() for _ in range(late_messages.KEPT_RUNS + 1)]
    for number, heard in enumerate(listeners):
        runs.keep(f"request {number}", ended(Reply(status="ok")), heard)
    lost = Heard()
    runs.keep("lost", ended(Reply(status="lost", lost="kernel_died")), lost)
    for request in ("request 0", "request 1", "lost", "somebody else's"):
        runs.deliver(printed(request))
    assert [heard.text for heard in (listeners[0], listeners[1], lost)] == ["", "x", ""]


async def test_a_listener_that_fails_is_not_asked_again() -> None:
    calls: list[str] = []

    def fails(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        calls.append(kind)
        raise ValueError("a bug")

    runs = LateMessages()
    runs.keep("request", ended(Reply(status="ok")), fails)
    for _ in range(2):
        runs.deliver(printed("request"))
    assert calls == ["stream"]
