"""The lines of the log, and the id that makes one of all that is said of a request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from jmcp.compose import API
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.observe.audit import AuditLog
from jmcp.core.observe.call_log import CallLog
from jmcp.core.observe.events import CallEvent, SessionEvent
from jmcp.hosting.logs import JsonLines
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site


class Lines(logging.Handler):
    """Keeps what is logged, as text and as JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def text(self) -> list[str]:
        return [logging.Formatter("%(message)s").format(record) for record in self.records]

    @property
    def data(self) -> list[dict[str, Any]]:
        return [json.loads(JsonLines().format(record)) for record in self.records]


@pytest.fixture
def lines() -> Iterator[Lines]:
    logger, kept = logging.getLogger("jmcp"), Lines()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept
    logger.removeHandler(kept)
    logger.setLevel(level)


def called(**changes: Any) -> CallEvent:
    call = CallEvent(tool="read_cell", owner="token:ci", request_id="r1", arguments={})
    call.outcome, call.seconds, call.session = "ok", 0.0123456, "ab***"
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def test_a_call_is_one_line(lines: Lines) -> None:
    CallLog().on_call(called())
    assert lines.text == [
        "call tool=read_cell outcome=ok ms=12.346 request_id=r1 session=ab*** principal=token:ci"
    ]
    [entry] = lines.data
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "jmcp.calls",
        "event": "call",
        "tool": "read_cell",
        "outcome": "ok",
        "ms": 12.346,
        "request_id": "r1",
        "session": "ab***",
        "principal": "token:ci",
    }


def test_what_happens_to_a_session_is_one_line(lines: Lines) -> None:
    event = SessionEvent(
        what="expired", owner="me", session="ab***", details={"notebook_path": "a b"}
    )
    CallLog().on_session_event(event)
    assert lines.text == ['session what=expired session=ab*** principal=me notebook_path="a b"']
    assert lines.data[0]["notebook_path"] == "a b"


@pytest.mark.parametrize("owner", ["x\ncall outcome=ok", "x outcome=ok", "\x1b[2J", "a\u2028b"])
def test_no_name_makes_a_line_or_a_field(lines: Lines, owner: str) -> None:
    CallLog().on_call(called(owner=owner))
    [text] = lines.text
    assert text.isprintable()
    assert text.endswith(f"principal={json.dumps(owner)}")
    assert "\n" not in JsonLines().format(lines.records[0])
    assert lines.data[0]["principal"] == owner


def test_other_lines_and_tracebacks_are_json_too(lines: Lines) -> None:
    try:
        int("broken")
    except ValueError:
        logging.getLogger("jmcp").exception("It %s.", "failed")
    [entry] = lines.data
    assert (entry["level"], entry["message"]) == ("error", "It failed.")
    assert "ValueError: invalid literal" in entry["traceback"]


def test_what_nobody_reads_costs_nothing(lines: Lines) -> None:
    logging.getLogger("jmcp").setLevel(logging.WARNING)
    CallLog().on_call(called())
    assert not lines.records


@pytest.fixture
async def http(tmp_path: Path) -> Any:
    """A site whose list_kernels has a bug, and which writes an audit log."""

    async def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    nothing: Any = SimpleNamespace(opened=0, connected=0, stay=True)
    dispatcher = Dispatcher(
        api=API,
        handlers=SimpleNamespace(list_kernels=broken),
        documents=nothing,
        kernels=nothing,
        observers=[CallLog(), AuditLog(tmp_path / "audit.jsonl")],
    )
    made = site(dispatcher, version="1.2.3", host_origin=HostOriginPolicy())
    transport = httpx2.ASGITransport(app=made, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("surface", ["facade", "rest"])
async def test_one_id_in_answer_error_log_and_audit_log(
    http: httpx2.AsyncClient, lines: Lines, tmp_path: Path, surface: str
) -> None:
    headers = {"X-Request-Id": "my-request.1"}
    if surface == "rest":
        response = await http.get("/jmcp/v1/kernels", headers=headers)
    else:
        body = {"tool_name": "list_kernels"}
        response = await http.post("/mcp/tools/call", json=body, headers=headers)
    assert response.status_code == 500
    assert response.headers["X-Request-Id"] == "my-request.1"
    assert response.json()["details"] == {"reference": "my-request.1"}
    bug, line = lines.data
    assert bug["message"] == "bug my-request.1 in list_kernels"
    assert "RuntimeError: a bug" in bug["traceback"]
    assert (line["request_id"], line["outcome"]) == ("my-request.1", "internal_error")
    [audited] = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(audited)["request_id"] == "my-request.1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "<script>", "a;b", "../x"])
async def test_an_id_that_is_none_is_replaced(
    http: httpx2.AsyncClient, lines: Lines, given: str
) -> None:
    headers = httpx2.Headers([(b"X-Request-Id", given.encode())])
    response = await http.get("/jmcp/v1/kernels", headers=headers)
    made = response.headers["X-Request-Id"]
    assert made != given
    assert len(made) == 12
    assert lines.data[-1]["request_id"] == made


async def test_each_request_has_an_id_of_its_own(http: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(http.get("/jmcp/nope") for _ in range(20)))
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 20
    assert {answer.status_code for answer in answers} == {404}
