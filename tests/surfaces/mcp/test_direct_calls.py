"""Plain tool calls are answered as the SDK would answer them, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2 as httpx
import pytest
from mcp.server.streamable_http import REQUEST_CANCELLED, StreamableHTTPServerTransport

from jmcp.core.calls.call import Caller, Image, Outcome
from jmcp.core.calls.principal import Principal
from jmcp.transport.mcp.direct_calls import DirectCalls
from jmcp.transport.mcp.handshake_sessions import HandshakeSession
from jmcp.transport.site import site
from jmcp_api.errors import InvalidArguments
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site

MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
ACCEPT = {"Accept": "application/json, text/event-stream"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
PLAIN_TOOL, RUNNING_TOOL, INTERRUPTED_TOOL = "read_cell", "execute_cell", "execute_code"
SECONDS = 10


class WaitingDispatcher(RecordingDispatcher):
    """Its calls wait until they are cancelled, or released."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.released = asyncio.Event(), asyncio.Event()
        self.cancelled = 0

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        self.begun.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await super().call(name, arguments, caller)


@pytest.fixture
def sdk_only(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the SDK answer everything from now on."""
    return lambda: monkeypatch.setattr(DirectCalls, "_direct_call", lambda *_: None)


@pytest.fixture
def waiting() -> WaitingDispatcher:
    return WaitingDispatcher()


@pytest.fixture
async def waiting_client(waiting: WaitingDispatcher) -> AsyncIterator[Client]:
    async with client_of_site(site(waiting, version="1.2.3")) as client:
        yield client


def message(name: Any = PLAIN_TOOL, request_id: Any = 7, **params: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "method": "tools/call",
        "params": {"name": name, **params},
    }


async def opened(client: Client) -> dict[str, str]:
    """The headers of a session that was initialized."""
    params = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    first = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    answer = await client.post("/mcp", json=first, headers=ACCEPT)
    session = {
        "Mcp-Session-Id": answer.headers["Mcp-Session-Id"],
        "MCP-Protocol-Version": HANDSHAKE,
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await client.post("/mcp", json=ready, headers=ACCEPT | session)
    return session


class Era:
    """Posts messages as a client of one era does."""

    def __init__(self, client: Client, session: dict[str, str] | None) -> None:
        self._client = client
        self._session = session

    @property
    def handshake(self) -> bool:
        return self._session is not None

    async def post(self, sent: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        if self._session is not None:
            own = self._session
        else:
            name = sent["params"]["name"] if isinstance(sent, dict) else ""
            own = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call"}
            own |= {"Mcp-Name": name} if isinstance(name, str) else {}
            if isinstance(sent, dict):
                meta = sent["params"].get("_meta", {})
                meta = META | meta if isinstance(meta, dict) else meta
                sent = sent | {"params": sent["params"] | {"_meta": meta}}
        content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        typed = {"Content-Type": "application/json"}
        return await self._client.post(
            "/mcp", content=content, headers=ACCEPT | typed | own | (headers or {})
        )


@pytest.fixture(params=["handshake", "modern"])
async def era(request: pytest.FixtureRequest, site_client: Client) -> Era:
    handshake = request.param == "handshake"
    return Era(site_client, await opened(site_client) if handshake else None)


def answered(response: httpx.Response) -> tuple[int, Any]:
    """The status and the message of an answer, whatever it came as."""
    text = response.text
    if response.headers.get("Content-Type", "").startswith("text/event-stream"):
        text = next(
            line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")
        )
    return response.status_code, json.loads(text) if text[:1] == "{" else text


ERROR = InvalidArguments("Wrong.", problems=["x"])
OUTCOMES = {
    "a result": Outcome(tool="any", text="é\n☃", result={"a": None, "b": [1, 2.5, {"c": None}]}),
    "images": Outcome(
        tool="any", text="t", result={}, images=(Image(mime_type="image/png", data="aGk="),)
    ),
    "an error": Outcome(tool="any", text="Wrong.", error=ERROR),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_a_plain_call_is_answered_as_by_the_sdk(
    era: Era, recording: RecordingDispatcher, sdk_only: Any, outcome: str
) -> None:
    recording.outcome = OUTCOMES[outcome]
    sent = message(arguments={"cell_index": 3})
    direct = await era.post(sent)
    assert direct.headers["Content-Type"] == "application/json"
    sdk_only()
    assert answered(direct) == answered(await era.post(sent))
    (name, arguments, first), (other_name, other_arguments, second) = recording.calls
    assert (name, arguments) == (other_name, other_arguments) == (PLAIN_TOOL, {"cell_index": 3})
    assert first == second
    assert first.report is second.report is None


ODD: dict[str, Any] = {
    "an unknown tool": message("nope"),
    "no name": {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": None}},
    "a name that is a list": message([PLAIN_TOOL]),
    "arguments that are a list": message(arguments=[]),
    "arguments that are null": message(arguments=None),
    "meta that is a list": message(_meta=[]),
    "capabilities that are none": message(
        _meta={"io.modelcontextprotocol/clientCapabilities": "all"}
    ),
    "another revision in the body": message(
        _meta={"io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    ),
    "more params": message(task={"ttl": 1}),
    "an id that is true": message(request_id=True),
    "an id that is a fraction": message(request_id=1.5),
    "an id that is a text": message(request_id="seven"),
    "another version of JSON-RPC": message() | {"jsonrpc": "1.0"},
    "another member": message() | {"more": 1},
    "no arguments": message(),
    "not JSON": b"{",
    "a batch": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", ODD)
async def test_odd_messages_are_answered_as_by_the_sdk(era: Era, sdk_only: Any, sent: str) -> None:
    direct = answered(await era.post(ODD[sent]))
    sdk_only()
    assert direct == answered(await era.post(ODD[sent]))


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"Accept": "text/event-stream"},
        {"Accept": "*/*"},
        {"Accept": "application/json;q=0.5, text/event-stream;q=1"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"MCP-Protocol-Version": "2099-01-01"},
        {"Mcp-Method": "tools/list"},
        {"Mcp-Name": "another"},
        {"Mcp-Session-Id": "none-of-these"},
    ],
    ids=str,
)
async def test_odd_headers_are_answered_as_by_the_sdk(
    era: Era, sdk_only: Any, headers: dict[str, str]
) -> None:
    direct = answered(await era.post(message(), headers))
    sdk_only()
    assert direct == answered(await era.post(message(), headers))


@pytest.mark.parametrize("tool", [PLAIN_TOOL, RUNNING_TOOL])
async def test_only_a_run_with_a_progress_token_is_a_stream_in_a_session(
    site_client: Client, recording: RecordingDispatcher, tool: str
) -> None:
    era = Era(site_client, await opened(site_client))
    with_token = await era.post(message(tool, _meta={"progressToken": 1}))
    runs = tool == RUNNING_TOOL
    kind = "text/event-stream" if runs else "application/json"
    assert with_token.headers["Content-Type"].startswith(kind)
    assert (await era.post(message(tool))).headers["Content-Type"] == "application/json"
    assert [bool(caller.report) for _, _, caller in recording.calls] == [runs, False]


async def test_what_json_cannot_say_is_answered_all_the_same(
    era: Era, recording: RecordingDispatcher
) -> None:
    """A kernel may print half of a surrogate pair, and show a number that is none."""
    recording.outcome = Outcome(
        tool="any", text="\ud83d", result={"text": "\ud83d", "data": [math.nan, math.inf]}
    )
    response = await era.post(message())
    content = json.loads(response.content, parse_constant=pytest.fail)["result"]
    assert content["content"][0]["text"] == content["structuredContent"]["text"] == "\ud83d"


async def test_an_event_is_one_line_for_everybody(era: Era, recording: RecordingDispatcher) -> None:
    """Python's own `splitlines`, and clients that use it, end lines at more than LF and CR."""
    recording.outcome = Outcome(tool="any", text="a\u2028b\u2029c\x85d", result={"e": "\u2028"})
    response = await era.post(message(RUNNING_TOOL, _meta={"progressToken": 1}))
    streamed = response.headers["Content-Type"].startswith("text/event-stream")
    assert streamed == era.handshake
    _, answer = answered(response)
    assert answer["result"]["content"][0]["text"] == "a\u2028b\u2029c\x85d"
    assert answer["result"]["structuredContent"] == {"e": "\u2028"}


async def test_a_bug_is_an_error_without_details(era: Era, recording: RecordingDispatcher) -> None:
    recording.outcome = RuntimeError("secret")
    response = await era.post(message())
    assert response.json()["error"] == {"code": -32603, "message": "Internal server error"}


# -- sessions of the handshake era ------------------------------------------------------------------


async def test_a_session_without_a_handshake_is_refused(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    first = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"wrong": True}}
    refused = await site_client.post("/mcp", json=first, headers=ACCEPT)
    session = {"Mcp-Session-Id": refused.headers["Mcp-Session-Id"]}
    _, answer = answered(await Era(site_client, session).post(message()))
    assert answer["error"]["code"] == -32602
    assert not recording.calls


async def test_a_session_is_only_for_who_opened_it(recording: RecordingDispatcher) -> None:
    made = site(
        recording,
        version="1.2.3",
        token="first",
        named=lambda token: Principal(name=token) if token == "second" else None,
    )
    async with client_of_site(made) as client:
        client.headers["Authorization"] = "Bearer first"
        session = await opened(client)
        assert (await Era(client, session).post(message())).status_code == 200
        client.headers["Authorization"] = "Bearer second"
        assert (await Era(client, session).post(message())).status_code == 404
    assert len(recording.calls) == 1


async def test_a_session_that_was_ended_is_over(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    session = await opened(site_client)
    era = Era(site_client, session)
    assert (await era.post(message())).status_code == 200
    assert (await site_client.delete("/mcp", headers=ACCEPT | session)).status_code == 200
    assert (await era.post(message())).status_code == 404
    assert len(recording.calls) == 1


@pytest.mark.parametrize("tool", [PLAIN_TOOL, RUNNING_TOOL, INTERRUPTED_TOOL])
@pytest.mark.parametrize("how", ["cancelled", "session ended"])
async def test_a_call_in_a_session_can_be_cancelled(
    waiting_client: Client, waiting: WaitingDispatcher, how: str, tool: str
) -> None:
    session = await opened(waiting_client)
    era = Era(waiting_client, session)
    async with asyncio.timeout(SECONDS):
        calling = asyncio.create_task(era.post(message(tool, "7")))
        await waiting.begun.wait()
        if how == "session ended":
            await waiting_client.delete("/mcp", headers=ACCEPT | session)
        else:
            for request_id in (6, 7):  # as the SDK, whichever way an id is written
                params = {"requestId": request_id}
                cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
                await waiting_client.post("/mcp", json=cancel, headers=ACCEPT | session)
        status, answer = answered(await calling)
    if how == "cancelled":
        assert (status, answer) == (202, "")  # MCP has no answer to that
    else:
        assert (status, answer["id"], answer["error"]["code"]) == (200, "7", REQUEST_CANCELLED)
    assert waiting.cancelled == 1


@pytest.mark.parametrize("tool", [RUNNING_TOOL, INTERRUPTED_TOOL])
async def test_a_call_with_progress_is_not_answered_either(
    waiting_client: Client, waiting: WaitingDispatcher, tool: str
) -> None:
    session = await opened(waiting_client)
    sent = message(tool, "7", _meta={"progressToken": 1})
    async with asyncio.timeout(SECONDS):
        calling = asyncio.create_task(Era(waiting_client, session).post(sent))
        await waiting.begun.wait()
        params = {"requestId": "7"}
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        await waiting_client.post("/mcp", json=cancel, headers=ACCEPT | session)
        stream = await calling
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert "data:" not in stream.text
    assert waiting.cancelled == 1


async def test_calls_keep_their_session() -> None:
    """The SDK ends a session that nothing uses, and does not see these calls."""
    transport = StreamableHTTPServerTransport("id", idle_timeout=60)
    async with transport.connect():
        session = HandshakeSession("id", transport, 60)
        idle = transport.idle_scope
        assert idle is not None
        soon = idle.deadline = anyio.current_time() + 10
        with session.calling(1, asyncio.timeout(None)):
            assert idle.deadline > soon
            idle.deadline = math.inf  # as the SDK does while it serves a request or a stream
        assert idle.deadline == math.inf
