"""The person at an MCP client is asked before a call ends what others run, in both eras."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import mcp_types as types
import pytest
import uvicorn
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import ANONYMOUS
from jmcp.transport.mcp import confirmations
from jmcp.transport.mcp.confirmations import can_ask
from jmcp.transport.site import site
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.mcp.test_mcp import ERAS, Era

SECONDS = 30
SLEEP = "time.sleep(60)"
Answer = Callable[[types.ElicitRequestParams], Any]
EACH_ERA = pytest.mark.parametrize("era", ERAS)


@dataclass(kw_only=True)
class Served:
    """A server on the fakes, where another session's run goes on in the kernel of a.ipynb."""

    url: str
    jmcp: FakeJmcp
    me: Caller
    session: str
    other: str
    run: str

    @asynccontextmanager
    async def client(self, era: Era, answer: Answer | None) -> AsyncIterator[Client]:
        """A client whose person answers so, or that asks nobody anything."""

        callback: Any = None
        if answer is not None:

            async def callback(_: Any, params: types.ElicitRequestParams) -> Any:
                answered = answer(params)
                return await answered if asyncio.iscoroutine(answered) else answered

        async with (
            httpx.AsyncClient(timeout=SECONDS) as http,
            Client(
                streamable_http_client(f"{self.url}/mcp", http_client=http),
                mode=era,
                elicitation_callback=callback,
            ) as client,
        ):
            yield client

    async def restart(self, client: Client, **arguments: Any) -> types.CallToolResult:
        return await client.call_tool("restart_notebook", {"session_id": self.session, **arguments})

    async def status(self) -> str:
        asked = {"session_id": self.other, "execution_id": self.run, "wait": 0}
        return str((await self.jmcp.call("get_execution", self.me, **asked))["status"])


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    jmcp = FakeJmcp()
    jmcp.documents.write("a.ipynb", "x = 1")
    jmcp.make()
    config = uvicorn.Config(
        site(jmcp.dispatcher, version="1.2.3"), port=0, log_config=None, lifespan="on"
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    listener.listen()
    # Not `serve`, which takes the signals of the process.
    serving = asyncio.create_task(server._serve([listener]))
    me = Caller(owner=ANONYMOUS, authenticated=False)
    session, other = [await jmcp.open("a.ipynb", me) for _ in range(2)]
    run = await jmcp.call("execute_code", me, session_id=other, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    yield Served(
        url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        jmcp=jmcp,
        me=me,
        session=session,
        other=other,
        run=run["execution_id"],
    )
    server.should_exit = True
    await serving


def accepted(_: Any) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={})


@EACH_ERA
async def test_the_person_is_asked_and_agrees(served: Served, era: Era) -> None:
    asked: list[types.ElicitRequestParams] = []

    def answer(params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params)
        return accepted(params)

    async with served.client(era, answer) as client:
        result = await served.restart(client)
    assert not result.is_error
    assert result.structured_content is not None
    assert result.structured_content["action"] == "restarted"
    (question,) = asked
    assert isinstance(question, types.ElicitRequestFormParams)
    assert question.message.startswith("Others run code in the kernel of a.ipynb: a run of your")
    assert question.message.endswith("Shall a restart end that?")
    assert question.requested_schema == {"type": "object", "properties": {}}
    assert await served.status() == "kernel_restarted"


@EACH_ERA
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_person_who_does_not_agree_leaves_all_as_it_was(
    served: Served, era: Era, action: Any
) -> None:
    async with served.client(era, lambda _: types.ElicitResult(action=action)) as client:
        result = await served.restart(client)
    assert result.is_error
    assert "does not want that" in text(result)
    assert "confirm" not in text(result).replace("confirmation_required", "")
    assert await served.status() == "running"


@EACH_ERA
async def test_a_client_that_cannot_ask_has_the_refusal(served: Served, era: Era) -> None:
    async with served.client(era, None) as client:
        result = await served.restart(client)
        assert result.is_error
        assert "confirm: true" in text(result)
        assert await served.status() == "running"
        assert not (await served.restart(client, confirm=True)).is_error
    assert await served.status() == "kernel_restarted"


@EACH_ERA
async def test_who_confirms_in_the_call_is_not_asked(served: Served, era: Era) -> None:
    asked: list[object] = []
    async with served.client(era, asked.append) as client:
        assert not (await served.restart(client, confirm=True)).is_error
    assert not asked


@EACH_ERA
async def test_a_question_has_its_time(
    served: Served, era: Era, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmations, "QUESTION_SECONDS", 0.05)

    async def late(params: types.ElicitRequestParams) -> types.ElicitResult:
        await asyncio.sleep(0.2)
        return accepted(params)

    async with served.client(era, late) as client:
        result = await served.restart(client)
    assert result.is_error
    assert "has not answered within 0.05 s" in text(result)
    assert await served.status() == "running"


@EACH_ERA
async def test_a_client_that_fails_at_asking_leaves_all_as_it_was(served: Served, era: Era) -> None:
    def failed(_: Any) -> types.ErrorData:
        return types.ErrorData(code=types.INTERNAL_ERROR, message="no screen")

    async with served.client(era, failed) as client:
        if era == "legacy":
            assert "confirm: true" in text(await served.restart(client))
        else:  # there the client itself gives up
            with pytest.raises(MCPError, match="no screen"):
                await served.restart(client)
    assert await served.status() == "running"


@EACH_ERA
async def test_what_begins_during_the_question_is_asked_about_too(served: Served, era: Era) -> None:
    asked: list[str] = []

    async def answer(params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        if len(asked) == 1:
            bob = Caller(owner="bob", authenticated=True)
            third = await served.jmcp.open("a.ipynb", bob)
            await served.jmcp.call("execute_code", bob, session_id=third, code="1", wait=0)
        return accepted(params)

    async with served.client(era, answer) as client:
        assert not (await served.restart(client)).is_error
    assert ["a run of another user" in message for message in asked] == [False, True]


async def test_a_client_that_leaves_while_it_is_asked_leaves_all_as_it_was(
    served: Served,
) -> None:
    asked = asyncio.Event()

    async def answer(_: types.ElicitRequestParams) -> types.ElicitResult:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with served.client("legacy", answer) as client:
        call = asyncio.create_task(served.restart(client))
        await asyncio.wait_for(asked.wait(), SECONDS)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    assert await served.status() == "running"


async def test_an_answer_without_its_question_is_none(served: Served) -> None:
    """Nothing that was not asked is agreed to."""
    async with served.client("auto", accepted) as client:
        result = await answered(client, served.session, None)
        assert isinstance(result, types.InputRequiredResult)
    assert await served.status() == "running"


@pytest.mark.parametrize(
    "state", ["", "[]", "{", '{"at": 1}', json.dumps({"at": 9e99, "runs": [1]})]
)
async def test_a_question_that_was_changed_is_refused(served: Served, state: str) -> None:
    """A client brings it back as it got it; asked again, one that does not would go on for ever."""
    async with served.client("auto", accepted) as client:
        with pytest.raises(MCPError, match="requestState") as refused:
            await answered(client, served.session, state)
    assert refused.value.code == types.INVALID_PARAMS
    assert await served.status() == "running"


async def answered(client: Client, session: str, state: str | None) -> object:
    return await client.session.call_tool(
        "restart_notebook",
        {"session_id": session},
        input_responses={"confirm": types.ElicitResult(action="accept", content={})},
        request_state=state,
        allow_input_required=True,
    )


@pytest.mark.parametrize(
    ("capabilities", "can"),
    [
        ({"elicitation": {}}, True),
        ({"elicitation": {"form": {}}}, True),
        ({"elicitation": {"form": {}, "url": {}}}, True),
        ({"elicitation": {"url": {}}}, False),
        ({"elicitation": None}, False),
        ({}, False),
        (None, False),
        ("elicitation", False),
    ],
)
def test_who_can_ask(capabilities: object, can: bool) -> None:
    assert can_ask(capabilities) is can


def text(result: types.CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, types.TextContent)
    return block.text
