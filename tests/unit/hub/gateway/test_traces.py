"""Traces go through the gateway: its span is between the client's and that of the user's server."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from jmcp.hub.gateway.traces import gateway_traces
from tests.otlp_collector import Collector, Received, collector, variables_for
from tests.unit.hub.gateway.platform import DEAD, Client, Platform


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as made:
        for name, value in variables_for(made).items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
async def traced(client: Client, collected: Collector) -> Client:
    client.gateway.traces = gateway_traces(os.environ)
    return client


def new_parent() -> tuple[str, str]:
    trace = secrets.token_hex(16)
    return trace, f"00-{trace}-{secrets.token_hex(8)}-01"


def sent_on(platform: Platform) -> list[str]:
    """The parts of the last traceparent that came to a user's server."""
    return platform.delivered[-1][3]["traceparent"].split("-")


async def only(collected: Collector, trace: str) -> Received:
    [span] = await collected.of(trace)
    return span


async def test_the_servers_span_is_below_the_gateways(
    traced: Client, platform: Platform, collected: Collector
) -> None:
    # In the message, as clients of MCP do; in the headers; in both, of one trace or of two.
    trace, of_client = new_parent()
    params = {"name": "insert_cell", "arguments": {"cell_source": "swordfish"}}
    await traced.message("tools/call", {**params, "_meta": {"traceparent": of_client}})
    span = await only(collected, trace)
    assert (span.name, span.parent) == ("gateway tools/call insert_cell", of_client.split("-")[2])
    assert sent_on(platform)[1:3] == [trace, span.span]
    assert span.attributes["jmcp.principal"] == "alice"
    assert span.attributes["jmcp.outcome"] == "ok"
    assert span.resource["service.name"] == "jmcp-gateway"
    assert not span.failed

    trace, of_header = new_parent()
    await traced.get("/jmcp/v1/sessions/secret-session/cells", traceparent=of_header)
    span = await only(collected, trace)
    assert (span.name, span.parent) == ("gateway GET /jmcp", of_header.split("-")[2])
    assert sent_on(platform)[1:3] == [trace, span.span]

    trace, of_client = new_parent()
    passed = f"00-{trace}-{secrets.token_hex(8)}-01"
    meta = {"_meta": {"traceparent": of_client}}
    await traced.message("tools/call", {**params, **meta}, traceparent=passed)
    assert (await only(collected, trace)).parent == passed.split("-")[2]
    trace, of_client = new_parent()
    meta = {"_meta": {"traceparent": of_client}}
    await traced.message("tools/call", {**params, **meta}, traceparent=of_header)
    assert (await only(collected, trace)).parent == of_client.split("-")[2]
    for secret in (b"swordfish", b"secret-session", b"alice-1"):
        assert secret not in collected.raw


async def test_what_fails_says_so_and_what_is_no_call_has_no_span(
    traced: Client, platform: Platform, collected: Collector
) -> None:
    quiet, of_client = new_parent()
    await traced.message("tools/list", {}, traceparent=of_client)
    await traced.message("notifications/initialized", {}, traceparent=of_client)
    assert platform.delivered[-1][3]["traceparent"] == of_client  # as it came
    for odd in ("x", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
        assert (await traced.get("/jmcp/v1/sessions", traceparent=odd)).is_success
    trace, of_client = new_parent()
    platform.state["alice"], platform.believed, platform.silent = DEAD, 0, False
    platform.fail = (503, "full")
    params = {"name": "insert_cell", "_meta": {"traceparent": of_client}}
    await traced.message("tools/call", params)
    span = await only(collected, trace)
    assert span.failed
    assert span.attributes["error.type"] == span.attributes["jmcp.outcome"] == span.message
    assert not [span for span in collected.spans if span.trace == quiet]
