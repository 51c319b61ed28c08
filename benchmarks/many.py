"""Many clients on one server: 32 that run code, against the peer, and 100 that do all sorts."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks import peer
from benchmarks.calls import notebook
from benchmarks.crowd import Member, Score, WrongResult, load, prepare
from benchmarks.table import Figure, spread
from benchmarks.wire import Wire
from tests.served import serve

RUNNERS = 32
KERNELS = 16
CLIENTS = 100
LOAD_SECONDS = 8.0
ALONE_SECONDS = 3.0
PEER_LIMIT_RATIO = 10.0
CROWD_LIMIT_RATIO = 5.0
CELLS = 3
CALL_SECONDS = 30.0
"""More than a call may take that waits for all the others."""


class Runner:
    """A client of jmcp that runs code, in a new cell each time."""

    def __init__(self, wire: Wire, number: int) -> None:
        self.wire = wire
        self.path = f"client{number}.ipynb"
        self.session = ""
        self._number = number

    def prepare(self) -> None:
        self.session = self.wire.call("use_notebook", notebook_path=self.path)["session_id"]
        self._run(f"mine = 'client {self._number}'")

    def act(self, number: int) -> str:
        result = self._run(f"print(mine, {number})")
        printed = [output.get("text") for output in result["outputs"]]
        if (result["notebook_path"], printed) != (self.path, [self._printed(number)]):
            raise WrongResult
        return "run"

    def _run(self, code: str) -> dict[str, Any]:
        return self.wire.call(
            "insert_execute_code_cell", session_id=self.session, cell_index=-1, cell_source=code
        )

    def _printed(self, number: int) -> str:
        """What only the client's own kernel prints."""
        return f"client {self._number} {number}\n"

    def leave(self) -> None:
        self.wire.call("unuse_notebook", session_id=self.session, kernel="stop")


class Writer(Runner):
    """A client of jmcp that edits and reads, and has no kernel."""

    def prepare(self) -> None:
        self.session = self.wire.call("use_notebook", notebook_path=self.path)["session_id"]

    def act(self, number: int) -> str:
        source = f"value = '{self._number} {number // 2}'"
        if number % 2 == 0:
            self._call("overwrite_cell_source", cell_index=0, cell_source=source)
            return "edit"
        if self._call("read_cell", cell_index=0)["source"] != source:
            raise WrongResult
        return "read"

    def _call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = self.wire.call(tool, session_id=self.session, **arguments)
        if result["notebook_path"] != self.path:
            raise WrongResult
        return result


class PeerRunner(Runner):
    """The same on the peer, whose tools run code in the notebook that somebody activated last."""

    def prepare(self) -> None:
        self._activate()
        self._run(f"mine = 'client {self._number}'")

    def act(self, number: int) -> str:
        self._activate()
        if self._printed(number).strip() not in str(self._run(f"print(mine, {number})")):
            raise WrongResult
        return "run"

    def _run(self, code: str) -> dict[str, Any]:
        try:
            return self.wire.call("insert_execute_code_cell", cell_index=-1, cell_source=code)
        except OSError:  # some of its runs never end
            self.wire.reconnect()
            raise

    def _activate(self) -> None:
        self.wire.call(
            "use_notebook", notebook_name=self.path, notebook_path=self.path, mode="connect"
        )


Make = Callable[[Wire, int], Runner]


@contextmanager
def crowd(make: Make, url: str, token: str, root: Path, numbers: range) -> Iterator[list[Runner]]:
    """Clients of one kind, each with its connection and its notebook."""
    with ExitStack() as stack:
        members = []
        for number in numbers:
            wire = stack.enter_context(Wire(url, token, seconds=CALL_SECONDS))
            members.append(make(wire, number))
            notebook(root / members[-1].path, CELLS)
        yield members


def figures(base: Path) -> list[Figure]:
    """32 clients that run code in jmcp and then in the peer; in between, 100 that do all sorts."""
    base.mkdir()
    with serve(base / "home", base / "root") as served:
        url, token, root = served.mcp_url, served.token, served.root
        with crowd(Runner, url, token, root, range(RUNNERS)) as runners:
            prepare(runners)
            ours = load(runners, LOAD_SECONDS)
            for runner in runners[KERNELS:]:
                runner.leave()
            with crowd(
                Writer, url, token, root, range(RUNNERS, RUNNERS + CLIENTS - KERNELS)
            ) as rest:
                prepare(rest)
                several = _hundred(runners[:KERNELS], rest)
    with (
        peer.inside(base / "peer") as (url, token, root),
        crowd(PeerRunner, url, token, root, range(RUNNERS)) as runners,
    ):
        for runner in runners:  # one after the other: each gets a kernel of its own
            with suppress(RuntimeError, OSError):  # who has none gets no right results
                runner.prepare()
        theirs = load(runners, LOAD_SECONDS)
    return [*_against(ours, theirs), *several]


def _against(ours: Score, theirs: Score) -> list[Figure]:
    return [
        Figure(
            name=f"{RUNNERS} clients: results that are wrong or missing",
            value=ours.wrong + len(ours.errors),
            unit="",
            limit=0,
            note=ours.note,
        ),
        Figure(name=f"{RUNNERS} clients: runs", value=ours.per_second, unit="/s"),
        Figure(
            name=f"jupyter-mcp-server {peer.VERSION}: runs",
            value=theirs.per_second,
            unit="/s",
            note=theirs.note,
        ),
        Figure(
            name="its runs / ours",
            value=theirs.per_second / ours.per_second,
            unit="x",
            limit=1 / PEER_LIMIT_RATIO,
            note=f"{ours.per_second / theirs.per_second:.1f} times as many; "
            f"{ours.right_per_second / (theirs.right_per_second or 1):.1f} times the right ones",
        ),
    ]


def _hundred(runners: Sequence[Runner], writers: Sequence[Runner]) -> list[Figure]:
    """Each kind of call alone, and then by everybody at once."""
    alone: dict[str, list[float]] = {}
    for member in (runners[0], writers[0]):
        alone |= load([member], ALONE_SECONDS).taken
    everybody: list[Member] = [*runners, *writers]
    score = load(everybody, LOAD_SECONDS)
    cores = os.cpu_count() or 1
    slowest = [
        Figure(
            name=f"{len(everybody)} clients: p95 of a {kind}",
            value=statistics.quantiles(score.taken[kind], n=20)[-1]
            / (statistics.median(alone[kind]) * len(everybody) / cores),
            unit="x",
            limit=CROWD_LIMIT_RATIO,
            note=f"of {statistics.median(alone[kind]):.2f} ms alone x {len(everybody)} clients / "
            f"{cores} cores; {spread(score.taken[kind])}",
        )
        for kind in alone
        if kind in score.taken
    ]
    return [
        Figure(
            name=f"{len(everybody)} clients: results that are wrong or missing",
            value=score.wrong + len(score.errors),
            unit="",
            limit=0,
            note=f"{KERNELS} of them run code; {score.note}",
        ),
        *slowest,
    ]
