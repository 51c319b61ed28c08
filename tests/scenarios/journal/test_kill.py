"""`kill -9` of a real server under a stream of edits: nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.served import Served, configure, serve, without
from tests.thorough import amount, fast_only
from tests.typed import rows_of

CALL_SECONDS = 60.0
AGENTS = 3
ROUNDS = amount(fast=2, all=3)


class Agent(threading.Thread):
    """Edits its cells and those that it makes, one call after the other, until the server dies.

    `sources` are the cells' by id as acknowledged, and None for deleted ones; `open` is the edit
    that was not answered, which may have been made or not.
    """

    def __init__(self, served: Served, session_id: str, cells: dict[str, str | None]) -> None:
        super().__init__(daemon=True)
        self.sources: dict[str, str | None] = cells
        self.open: tuple[str | None, str | None] | None = None
        self.edits = 0
        self.enough = threading.Event()
        self._served = served
        self._session = session_id
        self._random = random.Random(session_id)

    def run(self) -> None:
        with client(self._served) as http:
            try:
                while True:
                    self._edit(http)
                    self.edits += 1
                    if self.edits >= 5:
                        self.enough.set()
            except httpx2.HTTPError:
                self.enough.set()

    def _edit(self, http: httpx2.Client) -> None:
        alive = [cell_id for cell_id, source in self.sources.items() if source is not None]
        kind = self._random.choice(["insert", "insert", "overwrite", "overwrite", "delete"])
        if kind == "insert" or len(alive) < 3:
            source = f"inserted {self.edits} by {self._session}"
            self.open = (None, source)
            made = self._call(http, "insert_cell", cell_type="code", cell_source=source)
            self.sources[made["cell_id"]] = source
        elif kind == "overwrite":
            cell_id, source = self._random.choice(alive), f"edit {self.edits} by {self._session}"
            self.open = (cell_id, source)
            self._call(http, "overwrite_cell_source", cell_id=cell_id, cell_source=source)
            self.sources[cell_id] = source
        else:
            cell_id = self._random.choice(alive)
            self.open = (cell_id, None)
            self._call(http, "delete_cell", cell_ids=[cell_id])
            self.sources[cell_id] = None
        self.open = None

    def _call(self, http: httpx2.Client, tool: str, **arguments: Any) -> dict[str, Any]:
        if tool == "insert_cell":
            # Not at an index: others insert and delete all the time.
            mine = [cell_id for cell_id, source in self.sources.items() if source is not None]
            beside = {"after_cell_id": self._random.choice(mine)} if mine else {}
            arguments |= self._random.choice([beside or {"cell_index": -1}, {"cell_index": -1}])
        return call(http, tool, session_id=self._session, **arguments)


def client(served: Served) -> httpx2.Client:
    return httpx2.Client(base_url=served.url, headers=served.headers, timeout=CALL_SECONDS)


def call(http: httpx2.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The result of a call that has to succeed."""
    reply = http.post("mcp/tools/call", json={"tool_name": tool, "arguments": arguments})
    answer = reply.json()
    assert reply.status_code == 200, answer
    found: dict[str, Any] = answer["result"]
    return found


@dataclass(kw_only=True)
class CrashingServer:
    """One folder with one notebook, served again and again."""

    base: Path
    notices: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.base / "root"

    @contextmanager
    def serve(self) -> Iterator[Served]:
        with serve(self.base / "home", self.root) as served:
            yield served

    def read(self, http: httpx2.Client, session_id: str) -> dict[str, str]:
        """The cells' sources by id, and what is told of them."""
        found: dict[str, str] = {}
        start = 0
        while True:
            page = call(
                http,
                "read_notebook",
                session_id=session_id,
                start_index=start,
                limit=1000,
                response_format="detailed",
            )
            self.notices += [notice["message"] for notice in page.get("notices", ())]
            cells = rows_of(page["cells"])
            found |= {cell["cell_id"]: cell["source"] for cell in cells}
            start += len(cells)
            if start >= page["cell_count"] or not cells:
                return found


def notebook(count: int) -> str:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell{index}",
            "source": f"original {index}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for index in range(count)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


@pytest.fixture(params=fast_only(["live", "file"], "live"))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> CrashingServer:
    made = CrashingServer(base=tmp_path)
    made.root.mkdir()
    (made.root / "a.ipynb").write_text(notebook(3 * AGENTS))
    if request.param == "file":
        configure(tmp_path / "home", {"YDocExtension": {"disable_rtc": True}})
        without(tmp_path / "home", "jmcp-labextension")
    return made


def test_acknowledged_edits_survive_kill_9(server: CrashingServer) -> None:
    chance = random.Random(4)
    expected = [
        {f"cell{index}": f"original {index}" for index in range(3 * number, 3 * number + 3)}
        for number in range(AGENTS)
    ]
    known: list[dict[str, str | None]] = [dict(cells) for cells in expected]
    sessions: list[str] = []
    for _ in range(ROUNDS):
        with server.serve() as served:
            with client(served) as http:
                while len(sessions) < AGENTS:
                    opened = call(http, "use_notebook", notebook_path="a.ipynb")
                    sessions.append(opened["session_id"])
                check(server.read(http, sessions[0]), known, server.notices)
            agents = [
                Agent(served, session_id, cells)
                for session_id, cells in zip(sessions, known, strict=True)
            ]
            for agent in agents:
                agent.start()
            for agent in agents:
                assert agent.enough.wait(CALL_SECONDS)
            threading.Event().wait(chance.uniform(0, 4))  # saves come 2 s after the first edit
            served.process.kill()
            for agent in agents:
                agent.join(CALL_SECONDS)
                assert not agent.is_alive()
            known = [settled(agent) for agent in agents]
    with server.serve() as served, client(served) as http:
        # The sessions of before the first crash still are.
        check(server.read(http, sessions[-1]), known, server.notices)
    assert sum(agent.edits for agent in agents) >= 5 * AGENTS


def settled(agent: Agent) -> dict[str, str | None]:
    """What is certain: without the cell whose last edit was not answered."""
    if agent.open is not None and agent.open[0] is not None:
        agent.sources.pop(agent.open[0])
    return agent.sources


def check(found: dict[str, str], known: list[dict[str, str | None]], notices: list[str]) -> None:
    """Every acknowledged edit is in the notebook, or a notice names it."""
    for cells in known:
        for cell_id, source in cells.items():
            named = any(f"cell {cell_id} had been" in notice for notice in notices)
            assert named or found.get(cell_id) == source, (cell_id, notices)
    # Nobody else is here: a conflict can only be a save that took longer than recovery thinks.
    assert sum("was not made again" in notice for notice in notices) <= 2
