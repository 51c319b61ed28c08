"""Messages between jmcp and a kernel: what is read of them, and how requests are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from jmcp.core.outputs.mime_bundle import encodable
from jmcp.core.ports import NextInput, Reply
from jmcp_jupyter.kernels.common.large_messages import read_content
from jmcp_jupyter.kernels.common.message_shapes import mapping_or_empty, shaped

ASKED = "jmcp"
"""What the expression of a question is called."""
PROTOCOL_VERSION = "5.3"
"""The version of Jupyter's messaging protocol that requests are written in: ipykernel 6 has it."""

REQUESTS, REQUEST_BYTES = 64, 2**12
"""So many headers of requests are known, up to that size: each comes with all messages of its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What jmcp reads of a kernel's message; `parent` is the header of the request, {} without one.

    Buffers are left out: they are for widgets in browsers.
    """

    channel: str
    header: dict[str, Any]
    parent: dict[str, Any]
    metadata: dict[str, Any]
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """The `msg_type`."""
        return str(self.header.get("msg_type", ""))

    @property
    def parent_id(self) -> str:
        """The `msg_id` of the request, empty without one."""
        return str(self.parent.get("msg_id", ""))

    @property
    def session(self) -> str:
        """The session in the header: it names the process that made the message."""
        return encodable(str(self.header.get("session") or ""))

    @property
    def state(self) -> str | None:
        """The execution state that a status message tells, None for any other message."""
        if self.kind != "status":
            return None
        state = self.content.get("execution_state")
        return None if state is None else str(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRequest:
    """A request as it is sent. `parts` are header, parent header, metadata and content as JSON."""

    message_id: str
    header: dict[str, Any]
    content: dict[str, Any]

    @property
    def parts(self) -> tuple[bytes, bytes, bytes, bytes]:
        return _packed(self.header), b"{}", b"{}", _packed(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelIdentity:
    """Who jmcp is to a kernel: session and user name in the headers of all requests of a channel."""

    session: str
    username: str

    def request(self, kind: str, content: dict[str, Any]) -> KernelRequest:
        """A new request of that `msg_type`."""
        message_id = uuid4().hex
        header = {
            "msg_id": message_id,
            "msg_type": kind,
            "username": self.username,
            "session": self.session,
            "date": datetime.now(UTC).isoformat(),
            "version": PROTOCOL_VERSION,
        }
        return KernelRequest(message_id=message_id, header=header, content=content)


def execute_request(code: str, *, store_history: bool, allow_stdin: bool = False) -> dict[str, Any]:
    """The content of an `execute_request`. Without `allow_stdin`, `input()` in the code raises:
    nobody could answer.

    An error must not end what waits behind it in the kernel: that may be another client's.
    """
    return {
        "code": code,
        "silent": False,
        "store_history": store_history,
        "user_expressions": {},
        "allow_stdin": allow_stdin,
        "stop_on_error": False,
    }


def ask_request(expression: str) -> dict[str, Any]:
    """The content of an `execute_request` that runs nothing and evaluates an expression."""
    return execute_request("", store_history=False) | {
        "silent": True,
        "user_expressions": {ASKED: expression},
    }


def unpacked(parts: Sequence[bytes]) -> tuple[Any, Any, Any, Any]:
    """Header, parent header, metadata and content in these parts, as JSON: of what is too large as
    `read_content` says. Raises ValueError."""
    if len(parts) != 4:
        raise ValueError(f"a kernel message of {len(parts)} parts")
    header, parent, metadata = _json(parts[0]), _request(parts[1]), _json(parts[2])
    given = header.get("msg_type") if isinstance(header, dict) else None
    kind, content = read_content(str(given), parts[3])
    if kind != str(given):
        header["msg_type"] = kind
    return header, parent, metadata, content


def _json(part: bytes) -> Any:
    return json.loads(part.decode("utf-8", "replace"))


def _request(part: bytes) -> Any:
    """The header of the request that caused a message. It is shared: leave it as it is."""
    return _known_request(part) if len(part) <= REQUEST_BYTES else _json(part)


@lru_cache(REQUESTS)
def _known_request(part: bytes) -> Any:
    return _json(part)


def message(channel: str, header: Any, parent: Any, metadata: Any, content: Any) -> Message:
    """The message that these are, with the fields that jmcp reads as the protocol has them.

    Raises ValueError where there is no message type.
    """
    kind = header.get("msg_type") if isinstance(header, dict) else None
    if not isinstance(kind, str):
        raise ValueError("a kernel message without a type")  # noqa: TRY004 # a fault of the data
    return Message(
        channel=channel,
        header=header,
        parent=mapping_or_empty(parent, kind),
        metadata=mapping_or_empty(metadata, kind),
        content=shaped(kind, mapping_or_empty(content, kind)),
    )


def message_of(channel: str, parts: Sequence[bytes]) -> Message:
    """The message whose header, parent header, metadata and content these are, as JSON.

    Raises ValueError for other parts.
    """
    return message(channel, *unpacked(parts))


def read_reply(content: dict[str, Any]) -> Reply:
    """The end of a run as an `execute_reply` tells it; some kernels' errors have no name."""
    count = content.get("execution_count")
    if content.get("status") == "error":
        return Reply(
            status="error",
            execution_count=count,
            ename=content.get("ename", ""),
            evalue=content.get("evalue", ""),
            traceback=tuple(map(str, content.get("traceback", ()))),
        )
    if content.get("status") != "ok":
        return Reply(status="aborted", execution_count=count)
    payload = [part for part in content.get("payload", ()) if isinstance(part, dict)]
    answer = content.get("user_expressions", {}).get(ASKED)
    return Reply(
        status="ok",
        execution_count=count,
        page=_page(payload),
        next_input=_next_input(payload),
        answer=answer if isinstance(answer, dict) else None,
    )


def _page(payload: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first page to be shown, as JupyterLab takes it."""
    pages = (part.get("data") for part in payload if part.get("source") == "page")
    return next((page for page in pages if isinstance(page, dict)), None)


def _next_input(payload: Sequence[Mapping[str, Any]]) -> NextInput | None:
    """The first text for a cell, as JupyterLab takes it."""
    for part in payload:
        if part.get("source") == "set_next_input" and isinstance(part.get("text"), str):
            return NextInput(text=part["text"], replace=bool(part.get("replace")))
    return None


def _packed(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
