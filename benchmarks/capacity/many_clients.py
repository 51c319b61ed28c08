"""32 clients against the peer, editing and running code, and 100 that do all of it at once."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import limits
from benchmarks.capacity.notebook_clients import (
    Inserter,
    NotebookClient,
    Overwriter,
    PeerInserter,
    PeerRunner,
    Runner,
    clients,
)
from benchmarks.clients.load import LoadResult, load, prepare
from benchmarks.cpu.clock import CpuReading, read_cpu
from benchmarks.figures import Figure, Reference, spread
from benchmarks.servers import peer
from benchmarks.servers.jmcp import in_jupyter
from benchmarks.servers.process import Server

FEW = 32
HUNDRED = 100
HUNDRED_RUNNERS = 16
LOAD_SECONDS = 8.0
ALONE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLoad:
    """A load, and the CPU seconds that the server and its kernels took for it."""

    result: LoadResult
    cpu: CpuReading

    @property
    def note(self) -> str:
        server, kernels = (
            seconds * 1000 / self.result.count for seconds in (self.cpu.server, self.cpu.kernels)
        )
        return f"{self.result.note}; CPU a call: {server:.1f} ms, kernels {kernels:.1f} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """Of 32 clients that insert and read, and of 32 that insert and run."""

    edits: ServerLoad
    runs: ServerLoad


def figures(base: Path) -> list[Figure]:
    """32 clients on jmcp and then on the peer, and 100 on jmcp."""
    with in_jupyter(base / "jmcp") as server:
        edits = _edits(server, Inserter)
        with clients(Runner, server.mcp_url, server.token, server.root, range(FEW)) as runners:
            prepare(runners)
            ours = Loads(edits=edits, runs=_loaded(server, runners))
            for runner in runners[HUNDRED_RUNNERS:]:
                runner.leave()
            several = _hundred(server, runners[:HUNDRED_RUNNERS])
    with peer.in_jupyter(base / "peer") as server:
        theirs = Loads(edits=_edits(server, PeerInserter), runs=_peer_runs(server))
    return [*_against_peer(ours, theirs), *several]


def _loaded(server: Server, members: Sequence[NotebookClient]) -> ServerLoad:
    before = read_cpu(server.pid)
    result = load(members, LOAD_SECONDS)
    return ServerLoad(result=result, cpu=read_cpu(server.pid) - before)


def _edits(server: Server, make: type[NotebookClient]) -> ServerLoad:
    numbers = range(1000, 1000 + FEW)
    with clients(make, server.mcp_url, server.token, server.root, numbers) as editors:
        prepare(editors)
        return _loaded(server, editors)


def _peer_runs(server: Server) -> ServerLoad:
    with clients(PeerRunner, server.mcp_url, server.token, server.root, range(FEW)) as runners:
        for runner in runners:  # one after the other, so that each gets a kernel of its own
            with suppress(RuntimeError, OSError):  # who has none gets no right results
                runner.prepare()
        return _loaded(server, runners)


def _against_peer(ours: Loads, theirs: Loads) -> list[Figure]:
    edit, run = f"{FEW} clients insert and read", f"{FEW} clients insert and run"
    return [
        Figure(
            name=f"{edit}: results that are wrong or missing",
            value=ours.edits.result.count - ours.edits.result.right,
            unit="",
            limit=limits.WRONG_RESULTS,
            note=ours.edits.note,
        ),
        Figure(
            name=f"{edit}: calls",
            value=ours.edits.result.per_second,
            unit="/s",
            limit=limits.EDITING_CALLS,
            note="; ".join(
                f"{kind} {spread(taken)}" for kind, taken in ours.edits.result.milliseconds.items()
            ),
        ),
        Figure(
            name=f"{edit}: calls, and the peer's",
            value=ours.edits.result.per_second,
            unit="/s",
            reference=Reference(name=peer.NAME, value=theirs.edits.result.per_second),
            note=f"peer: {theirs.edits.note}",
        ),
        Figure(
            name=f"{run}: results that are wrong or missing",
            value=ours.runs.result.count - ours.runs.result.right,
            unit="",
            limit=limits.WRONG_RESULTS,
            note=ours.runs.note,
        ),
        Figure(
            name=f"{run}: calls",
            value=ours.runs.result.per_second,
            unit="/s",
            reference=Reference(name=peer.NAME, value=theirs.runs.result.per_second),
            limit=limits.RUNNING_CALLS_OF_PEER,
            note=f"peer: {theirs.runs.note}",
        ),
        Figure(
            name=f"{run}: right results",
            value=ours.runs.result.right_per_second,
            unit="/s",
            # One right result stands for none, so that there is a ratio.
            reference=Reference(
                name=peer.NAME, value=max(theirs.runs.result.right, 1) / theirs.runs.result.seconds
            ),
            limit=limits.RIGHT_RUNS_OF_PEER,
        ),
    ]


def _hundred(server: Server, runners: Sequence[NotebookClient]) -> list[Figure]:
    """Each kind of call by one client alone, and then by all at once."""
    numbers = range(FEW, FEW + HUNDRED - HUNDRED_RUNNERS)
    with clients(Overwriter, server.mcp_url, server.token, server.root, numbers) as editors:
        prepare(editors)
        alone: dict[str, list[float]] = {}
        for client in (runners[0], editors[0]):
            alone |= load([client], ALONE_SECONDS).milliseconds
        everybody = [*runners, *editors]
        result = load(everybody, LOAD_SECONDS)
    cores = os.cpu_count() or 1
    figures = [
        Figure(
            name=f"{HUNDRED} clients: results that are wrong or missing",
            value=result.count - result.right,
            unit="",
            limit=limits.WRONG_RESULTS,
            note=f"{HUNDRED_RUNNERS} of them run code; {result.note}",
        )
    ]
    for kind, taken in alone.items():
        if kind not in result.milliseconds:
            continue
        fair = statistics.median(taken) * HUNDRED / cores
        figures.append(
            Figure(
                name=f"{HUNDRED} clients: p95 of a {kind}",
                value=statistics.quantiles(result.milliseconds[kind], n=20)[-1],
                unit="ms",
                reference=Reference(name=f"alone x {HUNDRED} clients / {cores} cores", value=fair),
                limit=limits.CROWD_P95,
                note=f"alone {spread(taken)}; all {spread(result.milliseconds[kind])}",
            )
        )
    return figures
