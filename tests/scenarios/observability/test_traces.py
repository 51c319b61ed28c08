"""Traces of calls, as a collector of OpenTelemetry gets them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from jupyter_server.serverapp import ServerApp
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Kinds

from jmcp.core.errors import ServeError
from jmcp.trace_export import check_traces, open_traces
from tests.command_line import jmcp
from tests.jupyter_process import TOKEN, StartJupyter, stop
from tests.otlp_collector import Collector, Received, collector, variables_for
from tests.served import free_port, jupyter_server, standalone
from tests.thorough import thorough

SECRET = "swordfish"
SERVER, INTERNAL = Kinds.SPAN_KIND_SERVER, Kinds.SPAN_KIND_INTERNAL


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as made:
        for name, value in variables_for(made).items():
            monkeypatch.setenv(name, value)
        yield made


def new_parent() -> tuple[str, str]:
    """The id of a trace, and a traceparent in it."""
    trace = secrets.token_hex(16)
    return trace, f"00-{trace}-{secrets.token_hex(8)}-01"


class Client:
    """A client of jmcp over MCP and REST, which traces what it does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def mcp(
        self, tool: str, meta: dict[str, Any], arguments: dict[str, Any], **headers: str
    ) -> dict[str, Any]:
        """The result of tools/call, of the revision without sessions."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "tracing", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
            **meta,
        }
        body = {
            "jsonrpc": "2.0",
            "id": 7,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": meta},
        }
        sent = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
            **headers,
        }
        answer = await self.http.post("/mcp", json=body, headers=sent)
        assert answer.status_code == 200, answer.text
        text = answer.text
        if answer.headers["content-type"].startswith("text/event-stream"):
            text = text.strip().rsplit("data: ", 1)[1]
        found: dict[str, Any] = httpx.Response(200, text=text).json()
        assert "result" in found, found
        result: dict[str, Any] = found["result"]
        return result


@pytest.fixture
async def app(jupyter: StartJupyter, collected: Collector) -> ServerApp:
    return await jupyter(collaboration=False, extensions=["jmcp"], JmcpExtension={"traces": True})


@pytest.fixture
async def client(app: ServerApp) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{app.port}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=60,
    ) as http:
        yield Client(http)


def named(spans: list[Received], name: str) -> Received:
    [found] = [span for span in spans if span.name == name]
    return found


async def test_one_trace_from_the_client_to_the_kernel(
    app: ServerApp, client: Client, collected: Collector
) -> None:
    # Over MCP, whose trace is in the message; the session is new.
    trace, parent = new_parent()
    opened = await client.mcp(
        "use_notebook",
        {"traceparent": parent},
        {"notebook_path": f"{SECRET}.ipynb", "mode": "create"},
    )
    session_id = opened["structuredContent"]["session_id"]
    [call] = await collected.of(trace)
    assert (call.name, call.kind) == ("tools/call use_notebook", SERVER)
    assert call.parent == parent.split("-")[2]
    assert call.attributes["mcp.method.name"] == "tools/call"
    assert call.attributes["gen_ai.operation.name"] == "execute_tool"
    assert call.attributes["gen_ai.tool.name"] == "use_notebook"
    assert call.attributes["jsonrpc.request.id"] == "7"
    assert call.attributes["jmcp.session"] == f"{session_id[:2]}***"
    assert call.attributes["jmcp.outcome"] == "ok"
    assert "session opened" in call.events
    assert call.resource["service.name"] == "jmcp"

    # Code, with progress (which the SDK answers), and one that fails, over REST with a header.
    trace, parent = new_parent()
    code = f"print({SECRET!r})\nimport time; time.sleep(0.2)"
    await client.mcp(
        "execute_code",
        {"traceparent": parent, "progressToken": 1},
        {"session_id": session_id, "code": code},
    )
    spans = await collected.of(trace, lambda found: len(found) == 3)
    call = named(spans, "tools/call execute_code")
    waited, ran = named(spans, "wait for the kernel"), named(spans, "run in the kernel")
    assert call.kind == SERVER
    assert (waited.parent, ran.parent) == (call.span, call.span)
    assert call.began <= waited.began <= waited.ended == ran.began <= ran.ended <= call.ended
    assert ran.ended - ran.began > 150_000_000
    assert ran.attributes["jmcp.run.status"] == "ok"

    trace, parent = new_parent()
    failed = await client.http.post(
        f"/jmcp/v1/sessions/{session_id}/executions",
        json={"cell_source": f"raise KeyError({SECRET!r})", "cell_index": -1},
        headers={"traceparent": parent},
    )
    assert failed.is_success, failed.text
    spans = await collected.of(trace, lambda found: len(found) == 3)
    call, ran = (
        named(spans, "execute_tool insert_execute_code_cell"),
        named(spans, "run in the kernel"),
    )
    assert call.parent == parent.split("-")[2]
    assert (call.failed, ran.failed, ran.attributes["error.type"]) == (False, True, "error")

    # A refusal is the call's own failure.
    trace, parent = new_parent()
    gone = {"session_id": session_id, "cell_id": f"{SECRET}-cell"}
    await client.mcp("read_cell", {"traceparent": parent}, gone)
    [call] = await collected.of(trace)
    assert (call.failed, call.message) == (True, "cell_not_found")
    assert call.attributes["error.type"] == call.attributes["jmcp.outcome"] == "cell_not_found"

    # A run that goes on after its call, and one behind it.
    trace, parent = new_parent()
    slow = {"session_id": session_id, "code": "import time; time.sleep(0.3)", "wait": 0}
    for _ in range(2):
        await client.mcp("execute_code", {"traceparent": parent}, slow)
    spans = await collected.of(trace, lambda found: len(found) == 6)
    second = [span for span in spans if span.name == "wait for the kernel"][1]
    assert second.ended - second.began > 200_000_000

    await _which_parent(client, collected)
    await _with_a_handshake(client, collected, session_id)
    await stop(app)
    for secret in (SECRET, session_id, TOKEN, "KeyError"):
        assert secret.encode() not in collected.raw


async def _which_parent(client: Client, collected: Collector) -> None:
    """What passed a message on, if it is of the client's trace; else what the client said."""
    trace, of_client = new_parent()
    passed = f"00-{trace}-{secrets.token_hex(8)}-01"
    await client.mcp("list_kernels", {"traceparent": of_client}, {}, traceparent=passed)
    [call] = await collected.of(trace)
    assert call.parent == passed.split("-")[2]
    trace, of_client = new_parent()
    _, of_another = new_parent()
    await client.mcp("list_kernels", {"traceparent": of_client}, {}, traceparent=of_another)
    [call] = await collected.of(trace)
    assert call.parent == of_client.split("-")[2]
    for odd in ("", "00-xyz", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 5000):
        await client.mcp("list_kernels", {"traceparent": odd}, {}, traceparent=odd)
    # One that is not to be recorded is not.
    trace, unsampled = new_parent()
    await client.mcp("list_kernels", {"traceparent": unsampled[:-1] + "0"}, {})
    after, parent = new_parent()
    await client.mcp("list_kernels", {"traceparent": parent}, {})
    await collected.of(after)
    assert not [span for span in collected.spans if span.trace == trace]


async def _with_a_handshake(client: Client, collected: Collector, session_id: str) -> None:
    """There a session's messages are answered in a task of its own, each in its own trace."""
    headers = {"Accept": "application/json, text/event-stream"}
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "tracing", "version": "1"},
    }
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    opened = await client.http.post("/mcp", json=body, headers=headers)
    headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    await client.http.post("/mcp", json=ready, headers=headers)
    for meta in ({}, {"progressToken": 5}):
        for carried in ("header", "message"):
            trace, parent = new_parent()
            told = {"traceparent": parent}
            arguments = {"session_id": session_id, "code": "1"}
            params = {"name": "execute_code", "arguments": arguments}
            params["_meta"] = {**meta, **(told if carried == "message" else {})}
            body = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
            sent = {**headers, **(told if carried == "header" else {})}
            assert (await client.http.post("/mcp", json=body, headers=sent)).is_success
            spans = await collected.of(trace, lambda found: len(found) == 3)
            call = named(spans, "tools/call execute_code")
            assert call.parent == parent.split("-")[2], (meta, carried)


async def test_calls_do_not_wait_for_a_collector(
    jupyter: StartJupyter, collected: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collected.accepts = False
    caplog.set_level(logging.WARNING)
    app = await jupyter(collaboration=False, extensions=["jmcp"], JmcpExtension={"traces": True})
    logging.getLogger("jmcp").parent = logging.root
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{app.port}", headers=headers) as http:
        trace, parent = new_parent()
        for _ in range(3):
            assert (await http.get("/jmcp/v1/kernels")).is_success
        async with asyncio.timeout(30):
            while "takes no traces; they are lost" not in caplog.text:  # noqa: ASYNC110 # a thread logs
                await asyncio.sleep(0.01)
        collected.accepts = True
        assert (await http.get("/jmcp/v1/kernels", headers={"traceparent": parent})).is_success
        await collected.of(trace)
        async with asyncio.timeout(30):
            while "takes traces again" not in caplog.text:  # noqa: ASYNC110 # a thread logs
                await asyncio.sleep(0.01)
    assert caplog.text.count("takes no traces") == 1
    assert "Failed to export" not in caplog.text


async def test_a_collector_that_is_gone_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("jmcp.trace_export.FLUSH_SECONDS", 0.2)
    traces = open_traces({}, service="jmcp", version="1")
    assert traces is not None
    with traces.call("list_kernels"):
        pass
    began = time.monotonic()
    await traces.end()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "'grpc'; jmcp sends traces by http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER is 'console'; jmcp has otlp"),
    ],
)
def test_what_cannot_be_sent_is_said(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ServeError, match=message):
        check_traces(variables)


@pytest.mark.parametrize(
    "variables", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_opentelemetry_may_be_off(variables: dict[str, str]) -> None:
    assert open_traces(variables, service="jmcp", version="1") is None


def test_without_the_extra_a_start_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jmcp.trace_export.NEEDED", ("opentelemetry.sdk.trace", "no_such.module"))
    ended = jmcp(tmp_path, "serve", "--traces", "--jupyter-url", "http://127.0.0.1:9/")
    assert ended.returncode == 1
    assert "traces need OpenTelemetry's SDK, not installed: " in ended.stderr
    assert "[otel]" in ended.stderr


@thorough
async def test_a_server_outside_of_jupyter_traces_as_well(tmp_path: Path) -> None:
    with (
        collector() as made,
        jupyter_server(tmp_path / "home", tmp_path / "root", collaboration=False) as jupyter,
        standalone(tmp_path / "home", jupyter, "--traces", variables=variables_for(made)) as served,
    ):
        async with httpx.AsyncClient(
            base_url=served.url, headers=served.headers, timeout=60
        ) as http:
            client = Client(http)
            opened = await client.mcp(
                "use_notebook", {}, {"notebook_path": "a.ipynb", "mode": "create"}
            )
            session_id = opened["structuredContent"]["session_id"]
            trace, parent = new_parent()
            await client.mcp(
                "execute_code", {"traceparent": parent}, {"session_id": session_id, "code": "1"}
            )
            spans = await made.of(trace, lambda found: len(found) == 3)
    assert {span.name for span in spans} == {
        "tools/call execute_code",
        "wait for the kernel",
        "run in the kernel",
    }
