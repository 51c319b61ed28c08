"""Lines of a client, the headers they are sent with, and streams of events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value

from jmcp.connect.messages import MessageStream, Unreadable, decoded, encoded, is_answer, one_line


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_headers_are_encoded_as_the_sdk_does(value: str) -> None:
    assert encoded(value) == encode_header_value(value)
    assert decode_header_value(encoded(value)) == value


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nonsense", -32700),
        ("[" * 100_000, -32700),
        ("[]", -32600),
        ('{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        ('{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
    ],
)
def test_what_is_no_message_is_answered(line: str, code: int) -> None:
    with pytest.raises(Unreadable) as refused:
        decoded(line)
    assert json.loads(refused.value.answer)["error"]["code"] == code


def test_a_request_without_sessions_repeats_its_name_in_headers() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    params = {"name": "read_cell", "_meta": meta}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    assert decoded(line).headers() == {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "read_cell",
    }


def test_a_request_of_the_handshake_era_has_no_such_headers() -> None:
    line = '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"read_cell"}}'
    message = decoded(line)
    assert message.headers() == {}
    assert message.is_request
    assert message.subject == "read_cell"


STREAM = (
    b": keep-alive\r\n\r\nevent: message\r\nid: 1\r\ndata: {}\r\n\r\n"
    b'event: other\ndata: no\n\ndata: {"a":\ndata: 1}\n\nid: 2\ndata:\n\n'
)


@given(st.lists(st.integers(1, len(STREAM) - 1)))
def test_events_come_whole_however_they_are_cut(cuts: list[int]) -> None:
    stream, found, begin = MessageStream(), [], 0
    for end in sorted({*cuts, len(STREAM)}):
        found += stream.messages(STREAM[begin:end])
        begin = end
    assert found == ["{}", '{"a":\n1}']


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner), max_leaves=5))
def test_a_message_is_one_line_with_the_same_data(data: object) -> None:
    for indent in (None, 2):
        text = one_line(json.dumps(data, indent=indent, ensure_ascii=False))
        assert len(text.splitlines()) == 1 or not set(text) & set("\n\r\x85\u2028\u2029")
        assert json.loads(text) == data


def test_an_answer_is_told_from_a_request_with_the_same_id() -> None:
    assert is_answer('{"jsonrpc":"2.0","id":1,"result":{}}', 1)
    assert is_answer('{"jsonrpc":"2.0","id":null,"error":{}}', 1)
    assert not is_answer('{"jsonrpc":"2.0","id":1,"method":"elicitation/create"}', 1)
    assert not is_answer('{"jsonrpc":"2.0","id":2,"result":{}}', 1)
