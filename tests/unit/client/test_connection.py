"""What becomes of a call when the server goes, comes back, refuses, or says nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jmcp.client import connection as connection_module
from jmcp_api import errors
from jmcp_api.client import (
    AnswerLost,
    AnswerUnreadable,
    AsyncJmcpClient,
    JmcpClient,
    NotReached,
    Progress,
    Refused,
    UndeclaredError,
)
from tests.scripted_server import SECONDS, Received, Scripted

FILES = {"total": 0, "files": []}
EDITED = {"change": "inserted", "cell_index": 0, "cell_count": 1}
Step = Callable[[Received], Awaitable[None]]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("JMCP_URL", "JMCP_ROOT_DIR", "JMCP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(connection_module, "RESTART_SECONDS", 0.0)


async def lost(_: Received) -> None:
    """The connection ends without an answer."""


async def lost_while_running(one: Received) -> None:
    await one.events()
    await one.event({"done": 1, "total": None, "message": "running"}, "progress")


def answers(**result: Any) -> Step:
    async def answer(one: Received) -> None:
        await one.json(200, {"success": True, "result": result, "text": "shown"})

    return answer


def fails(status: int, code: str, *, text: str | None = "shown", **details: Any) -> Step:
    async def answer(one: Received) -> None:
        body = {"code": code, "detail": "why", "fault": "server", "details": details}
        said = {"text": text} if text is not None else {}
        await one.json(status, {"success": False, **body, **said})

    return answer


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncIterator[tuple[AsyncJmcpClient, Scripted]]:
    """A client, and a server that answers its calls one after the other; the last step is for all
    further ones."""
    left = list(steps)

    async def answer(one: Received) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(one)

    server = Scripted(answer=answer)
    async with asyncio.timeout(SECONDS), server.running():
        yield AsyncJmcpClient(), server


@pytest.mark.parametrize("step", [lost, lost_while_running, fails(503, "not_ready", text=None)])
async def test_a_call_that_changes_nothing_is_sent_again(step: Step) -> None:
    async with scripted(step, step, answers(**FILES)) as (client, server):
        assert (await client.list_files()).total == 0
        assert len(server.received) == 3


@pytest.mark.parametrize("step", [lost, lost_while_running])
async def test_one_that_may_have_been_carried_out_is_sent_once(step: Step) -> None:
    async with scripted(step, answers(**EDITED)) as (client, server):
        with pytest.raises(AnswerLost, match=r"insert_cell.*look before") as failed:
            await client.insert_cell("code", "1", cell_index=0, session_id="s" * 8)
        assert failed.value.may_have_run
        assert len(server.received) == 1


async def test_one_that_no_server_has_taken_is_sent_again() -> None:
    """The server was started again: another token, which its file has."""
    refused = fails(401, "unauthorized", text=None)
    async with scripted(refused, answers(**EDITED)) as (client, server):
        await client.insert_cell("code", "1", cell_index=0, session_id="s" * 8)
        assert len(server.received) == 2


async def test_a_call_follows_the_server_to_its_next_port() -> None:
    async with scripted(answers(**FILES)) as (client, _):
        await client.list_files()
        first = client
    other = Scripted(answer=answers(**EDITED))
    async with asyncio.timeout(SECONDS), other.running():
        await first.insert_cell("code", "1", cell_index=0, session_id="s" * 8)
    with pytest.raises(
        NotReached, match=r"insert_cell.*nothing was done.*with jmcp serve\.$"
    ) as failed:
        await first.insert_cell("code", "1", cell_index=0, session_id="s" * 8)
    assert not failed.value.may_have_run


async def test_a_server_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = asyncio.Event()

    async def silent(one: Received) -> None:
        await lost_while_running(one)
        await one.reader.read()
        gone.set()

    async with scripted(silent) as (_, server):
        client = AsyncJmcpClient(silence_seconds=0.1)
        with pytest.raises(AnswerLost, match=r"silent for 0\.1 s"):
            await client.execute_code("1", session_id="s" * 8)
        await gone.wait()  # it has closed the connection, so that the call ends
        assert len(server.received) == 1


async def test_progress_has_the_outputs_so_far() -> None:
    heard: list[Progress] = []

    async def hear(progress: Progress) -> None:
        await asyncio.sleep(0)  # a coroutine is awaited
        heard.append(progress)

    async def runs(one: Received) -> None:
        await one.events()
        await one.event({"done": 1, "total": 2, "message": "running"}, "progress")
        stream = {"output_type": "stream", "name": "stdout", "text": "a"}
        await one.event({"index": 0, "append": False, "output": stream}, "output")
        await one.event({"index": 0, "append": True, "output": stream | {"text": "b"}}, "output")
        await one.event({}, "clear")
        await one.event({"index": 0, "append": False, "output": stream | {"text": "c"}}, "output")
        run = {"execution_id": "e", "seconds": 1.0, "outputs": []}
        await one.event({"success": True, "result": run, "text": "shown"}, "result")

    async with scripted(runs) as (client, _):
        ran = await client.execute_code("1", session_id="s" * 8, on_progress=hear)
    assert ran.text_content == "shown"
    assert [(one.done, one.total, one.message) for one in heard] == [(1, 2, "running")] * 4
    assert [[o["text"] for o in one.outputs] for one in heard] == [[], ["a"], ["ab"], ["c"]]


async def test_an_error_of_the_spec_has_its_class() -> None:
    async with scripted(fails(404, "cell_not_found", cell_count=3)) as (client, _):
        with pytest.raises(errors.CellNotFound) as failed:
            await client.read_cell(cell_index=9, session_id="s" * 8)
    assert (failed.value.message, failed.value.details) == ("why", {"cell_count": 3})


async def test_an_error_of_a_later_version_keeps_its_code() -> None:
    async with scripted(fails(409, "brand_new", more=1)) as (client, _):
        with pytest.raises(UndeclaredError) as failed:
            await client.read_cell(cell_index=9, session_id="s" * 8)
    assert (failed.value.code, failed.value.details) == ("brand_new", {"more": 1})


async def test_a_server_that_is_about_to_stop_is_waited_for_by_readers_alone() -> None:
    stopping = fails(503, "server_stopping")
    async with scripted(stopping, answers(**FILES)) as (client, server):
        await client.list_files()
        assert len(server.received) == 2
    async with scripted(stopping) as (client, server):
        with pytest.raises(errors.ServerStopping):
            await client.execute_code("1", session_id="s" * 8)
        assert len(server.received) == 1


async def test_what_refuses_a_request_is_no_error_of_the_tool() -> None:
    async with scripted(fails(413, "body_too_large", text=None)) as (client, server):
        with pytest.raises(Refused, match="413") as failed:
            await client.execute_code("1", session_id="s" * 8)
        assert (failed.value.code, failed.value.may_have_run) == ("body_too_large", False)
        assert len(server.received) == 1


async def test_a_page_of_a_proxy_is_told_as_it_is() -> None:
    async def login(one: Received) -> None:
        one.writer.write(b"HTTP/1.1 302 x\r\ncontent-length: 8\r\n\r\nLog in. ")

    async with scripted(login) as (client, _):
        with pytest.raises(Refused, match=r"302: Log in\."):
            await client.list_files()


async def test_a_result_of_a_later_version_may_have_more() -> None:
    file = {"path": "a", "type": "file", "last_modified": "", "owner": "ada"}
    async with scripted(answers(total=1, files=[file], news=2)) as (client, _):
        assert (await client.list_files()).files[0].path == "a"


async def test_a_result_that_is_none_is_said_to_be() -> None:
    async with scripted(answers(total="many")) as (client, _):
        with pytest.raises(AnswerUnreadable, match="same version"):
            await client.list_files()


async def test_the_token_that_is_given_is_sent_to_any_server() -> None:
    async with scripted(answers(**FILES)) as (_, server):
        await AsyncJmcpClient(token="mine").list_files()
        assert server.received[0].headers["authorization"] == "Bearer mine"
        await AsyncJmcpClient().list_files()
        assert server.received[1].headers["authorization"] == "Bearer secret"


async def test_what_the_callback_raises_ends_the_call() -> None:
    gone = asyncio.Event()

    async def runs(one: Received) -> None:
        await lost_while_running(one)
        await one.reader.read()
        gone.set()

    def stop(_: Progress) -> None:
        raise RuntimeError("enough")

    async with scripted(runs) as (client, _):
        with pytest.raises(RuntimeError, match="enough"):
            await client.execute_code("1", session_id="s" * 8, on_progress=stop)
        await gone.wait()


async def test_the_synchronous_client_calls_back_in_the_thread_of_its_caller() -> None:
    async def runs(one: Received) -> None:
        await lost_while_running(one)
        await one.reader.read()

    def stop(_: Progress) -> None:
        raise RuntimeError("enough")

    def use() -> None:
        with JmcpClient() as client, pytest.raises(RuntimeError, match="enough"):
            client.execute_code("1", session_id="s" * 8, on_progress=stop)

    async with scripted(runs):
        await asyncio.to_thread(use)
