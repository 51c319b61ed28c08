"""Messages that no kernel should send: the run goes on, and they are counted."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from jmcp.core.kernels import odd_messages
from jmcp.core.observe.metrics import Metrics
from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import Kernels, NotebookRef
from tests.fakes.recording_sink import validate
from tests.ports.kernels.conftest import LIMIT, Heard, both

SEND = """
import json
kernel = get_ipython().kernel
session = kernel.session
def raw(*parts):
    parts = list(parts)
    kernel.iopub_socket.send_multipart([b"<IDS|MSG>", session.sign(parts), *parts])
def send(header, parent_header, metadata, content):
    given = (header, parent_header, metadata, content)
    raw(*(json.dumps(part, default=str).encode() for part in given))
def odd(kind, content, **changes):
    send({**session.msg_header(kind), **changes}, kernel.get_parent()["header"], {}, content)
def stray(parent):
    send(session.msg_header("stream"), parent, {}, {"text": "x"})
"""

ODD = {
    "no JSON": ("raw(b'what', b'is', b'this', b'?')", "unreadable"),
    "not UTF-8": ("raw(b'\\xff', b'\\xff', b'\\xff', b'\\xff')", "unreadable"),
    "too few parts": ("raw(b'{}')", "unreadable"),
    "deep JSON": ("raw(b'[' * 100_000, b'{}', b'{}', b'{}')", "unreadable"),
    "no header": ("send(None, None, {}, {})", "unreadable"),
    "a header that is a list": ("send([], None, {}, {})", "unreadable"),
    "no message type": ("send({'msg_id': 'x', 'version': '5.3'}, None, {}, {})", "unreadable"),
    "an unknown type": ("odd('who_knows', {'text': 'x'})", "unknown"),
    "no parent": ("stray(None)", None),
    "a parent that is a list": ("stray([1])", "malformed"),
    "no session": ("odd('status', {'execution_state': 'busy'}, session=None)", None),
    "no content": ("odd('stream', None)", None),
    "content that is a list": ("odd('display_data', ['x'])", "malformed"),
    "a state that is a list": ("odd('status', {'execution_state': [7]})", "malformed"),
    "text that is null": ("odd('stream', {'name': None, 'text': None})", None),
    "text that is a number": ("odd('stream', {'name': 'stdout', 'text': 2})", "malformed"),
    "data that is a list": (
        "odd('display_data', {'data': [1], 'metadata': [2], 'transient': [3]})",
        "malformed",
    ),
    "a traceback that is a number": (
        "odd('error', {'ename': None, 'evalue': 1, 'traceback': 3})",
        "malformed",
    ),
    "a count that is text": ("odd('execute_input', {'execution_count': 'many'})", "malformed"),
    "a count beyond 64 bits": ("odd('execute_input', {'execution_count': 10**30})", "malformed"),
    "a date without a zone": ("odd('stream', {'text': ''}, date='2020-01-01')", None),
}
"""Code that sends such a message on behalf of its own run, and as what it is counted."""


@pytest.fixture(autouse=True)
def _none_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odd_messages, "counts", Counter())
    monkeypatch.setattr(odd_messages, "_logged", set())


@both
async def test_a_run_that_odd_messages_come_into_is_whole(
    kernels: Kernels, ref: NotebookRef
) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    assert (await connection.run(SEND, Heard())).status == "ok"
    for name, (code, oddity) in ODD.items():
        before, heard = odd_messages.counts.copy(), Heard()
        async with asyncio.timeout(LIMIT):
            reply = await connection.run(f"{code}; print('after')", heard)
        assert (name, reply.status, reply.lost, reply.incomplete) == (name, "ok", None, None)
        assert (name, heard.text[-6:]) == (name, "after\n")
        record = OutputRecord()
        for kind, content in heard.messages:
            record.apply(kind, content, {})
        validate(record.outputs)
        assert (name, [*(odd_messages.counts - before)]) == (name, [oddity] if oddity else [])
    assert connection.generation == 1


async def test_they_are_counted_each_and_logged_once_for_each_kind(
    kernels: Kernels, ref: NotebookRef, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    await connection.run(SEND, Heard())
    code = "for n in range(5): odd('who_knows', {}); odd('stream', {'text': n}); raw(b'?')"
    async with asyncio.timeout(LIMIT):
        await connection.run(code, Heard())
    logged = [record.getMessage() for record in caplog.records if record.name == "jmcp"]
    assert len(logged) == 3
    for words in ("(who_knows) that is unknown", "(stream) that is malformed", "is unreadable"):
        assert sum(words in line for line in logged) == 1
    counted = {
        sample.labels["what"]: sample.value
        for metric in Metrics().collect()
        if metric.name == "jmcp_kernel_messages_odd"
        for sample in metric.samples
    }
    assert counted == {"unknown": 5, "malformed": 5, "unreadable": 5}


async def test_kinds_without_end_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(3 * odd_messages.LOGGED_KINDS):
        odd_messages.note("unknown", f"kind {number}")
    assert len(caplog.records) == odd_messages.LOGGED_KINDS
    assert odd_messages.counts["unknown"] == 3 * odd_messages.LOGGED_KINDS
