"""An agent that makes one call after the other, and a record of what it was told."""

from __future__ import annotations

import json
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.served import Served
from tests.typed import filled

CALL_SECONDS = 240.0
"""Longer than any call may take on a slow machine: a call that hangs fails its test."""
PROTOCOL = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
    "io.modelcontextprotocol/clientCapabilities": {},
}


NOT_RECOVERED = ("edit_not_recovered", "text_not_recovered")
"""Codes of notices of edits that were lost."""
RECOVERY = ("document_reloaded", "edits_recovered", *NOT_RECOVERED)
"""Codes of notices of what became of edits that no file had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a call, or the code and text of its tool error; how long it took."""

    result: dict[str, Any] | None
    error: str | None
    text: str
    seconds: float


class Agent:
    """MCP over HTTP without a connection to lose: its session outlives the server's process."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.served: Served | None = None
        self.session_id: str | None = None
        self.notices: list[dict[str, str]] = []
        self._http = http
        self._calls = 0

    async def ask(self, tool: str, **arguments: Any) -> Answer:
        """Whatever comes back of a call."""
        assert self.served is not None
        if self.session_id is not None:
            arguments.setdefault("session_id", self.session_id)
        self._calls += 1
        began = time.monotonic()
        response = await self._http.post(
            self.served.mcp_url,
            headers=self.served.headers
            | {
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": PROTOCOL,
                "Mcp-Method": "tools/call",
                "Mcp-Name": tool,
            },
            json={
                "jsonrpc": "2.0",
                "id": self._calls,
                "method": "tools/call",
                "params": {"name": tool, "arguments": arguments, "_meta": META},
            },
        )
        seconds = time.monotonic() - began
        result = _message(response.text)["result"]
        text = result["content"][0]["text"]
        if result.get("isError"):
            code = result["_meta"]["jmcp/error"]["code"]
            return Answer(result=None, error=code, text=text, seconds=seconds)
        data = filled(tool, result["structuredContent"], arguments)
        self.notices += data.get("notices", [])
        return Answer(result=data, error=None, text=text, seconds=seconds)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        answer = await self.ask(tool, **arguments)
        assert answer.result is not None, f"{tool}: {answer.text}"
        return answer.result

    async def open(self, path: str) -> dict[str, Any]:
        opened = await self.call("use_notebook", notebook_path=path)
        self.session_id = opened["session_id"]
        return opened

    async def cells(self) -> dict[str, str]:
        """The sources of all cells by id, in their order, as jmcp tells them."""
        page = await self.call("read_notebook", response_format="detailed", limit=1000)
        assert page["cell_count"] == len(page["cells"])
        return {cell["cell_id"]: cell["source"] for cell in page["cells"]}

    def notices_of(self, *codes: str) -> list[str]:
        """The messages of the notices of those codes so far."""
        return [notice["message"] for notice in self.notices if notice["code"] in codes]


@asynccontextmanager
async def agent_client() -> AsyncIterator[Agent]:
    # Servers come and go: each call has a connection of its own.
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=CALL_SECONDS, limits=limits) as http:
        yield Agent(http)


def _message(body: str) -> dict[str, Any]:
    """The JSON-RPC answer, which may be the last event of a stream."""
    if not body.startswith("{"):
        body = [line[6:] for line in body.splitlines() if line.startswith("data: {")][-1]
    message: dict[str, Any] = json.loads(body)
    assert "result" in message, message
    return message


@dataclass(kw_only=True)
class Ledger:
    """What a notebook must hold: `sources` by id in order, as acknowledged.

    Of an edit that was not acknowledged nobody knows: its cell is left alone from then on, with
    all that it may be in `doubtful` (None: not there), or its text in `unanswered`.
    """

    sources: dict[str, str]
    deleted: set[str] = field(default_factory=set)
    doubtful: dict[str, set[str | None]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    acknowledged: int = 0

    def doubt(self, cell_id: str, after: str | None) -> None:
        self.doubtful[cell_id] = {self.sources.pop(cell_id), after}

    def place(self, cell_id: str, source: str, after: str | None) -> None:
        """Put a cell behind another one, or at the end."""
        self.sources.pop(cell_id, None)
        order = list(self.sources.items())
        at = len(order) if after is None else list(self.sources).index(after) + 1
        self.sources = dict([*order[:at], (cell_id, source), *order[at:]])

    def check(self, found: Iterable[tuple[str, str]]) -> None:
        """Every acknowledged edit is there, and nothing that nobody made."""
        cells = list(found)
        certain = [cell for cell in cells if cell[0] in self.sources]
        assert certain == list(self.sources.items())
        others = dict(cell for cell in cells if cell[0] not in self.sources)
        assert not self.deleted & others.keys()
        for cell_id, possible in self.doubtful.items():
            assert others.pop(cell_id, None) in possible
        assert set(others.values()) <= self.unanswered
        assert len(set(others.values())) == len(others)


class Editor:
    """Random edits of all kinds, each entered in the ledger as it was answered."""

    def __init__(self, agent: Agent, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self._agent = agent
        self._random = random.Random(seed)
        self._count = 0

    async def edit(self) -> Answer:
        """One edit of some cell that nobody doubts."""
        ledger = self.ledger
        self._count += 1
        kind = self._random.choice(["insert", "overwrite", "move", "delete", "edit"])
        if len(ledger.sources) < 6:
            kind = "insert"
        cell_id = self._random.choice(list(ledger.sources))
        source = f"{kind} {self._count}"
        if kind == "insert":
            return await self._insert(self._random.choice([cell_id, None]), source)
        if kind == "move":
            return await self._move(cell_id)
        if kind == "delete":
            answer = await self._agent.ask("delete_cell", cell_ids=[cell_id])
            if answer.error:
                ledger.doubt(cell_id, None)
            else:
                del ledger.sources[cell_id]
                ledger.deleted.add(cell_id)
        elif kind == "overwrite":
            answer = await self._agent.ask(
                "overwrite_cell_source", cell_id=cell_id, cell_source=source
            )
            self._changed(cell_id, source, answer)
        else:
            old = ledger.sources[cell_id]
            answer = await self._agent.ask(
                "edit_cell_source", cell_id=cell_id, old_string=old, new_string=source
            )
            self._changed(cell_id, source, answer)
        return self._entered(answer)

    async def _insert(self, after: str | None, source: str) -> Answer:
        place = {"cell_index": -1} if after is None else {"after_cell_id": after}
        answer = await self._agent.ask("insert_cell", cell_type="code", cell_source=source, **place)
        if answer.result is None:
            self.ledger.unanswered.add(source)
        else:
            self.ledger.place(answer.result["cell_id"], source, after)
        return self._entered(answer)

    async def _move(self, cell_id: str) -> Answer:
        after = self._random.choice([other for other in self.ledger.sources if other != cell_id])
        answer = await self._agent.ask("move_cell", cell_id=cell_id, after_cell_id=after)
        if answer.error:
            self.ledger.doubt(cell_id, self.ledger.sources[cell_id])
        else:
            self.ledger.place(cell_id, self.ledger.sources[cell_id], after)
        return self._entered(answer)

    def _changed(self, cell_id: str, source: str, answer: Answer) -> None:
        if answer.error:
            self.ledger.doubt(cell_id, source)
        else:
            self.ledger.sources[cell_id] = source

    def _entered(self, answer: Answer) -> Answer:
        self.ledger.acknowledged += answer.error is None
        return answer
