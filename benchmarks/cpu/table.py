"""CPU per call of jmcp in Jupyter and standalone, over every surface, against the no-op tool."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.process import Surface
from benchmarks.cpu.workload import (
    PERIOD_SECONDS,
    SURFACES,
    TOOLS,
    CpuPerCall,
    Sessions,
    idle_rates,
    measure,
    no_op_plans,
    open_sessions,
)
from benchmarks.figures import Figure, Reference
from benchmarks.servers import jmcp
from benchmarks.servers.no_op import Answers, no_op
from benchmarks.servers.process import Server

PLACES = ("in Jupyter", "standalone")
ROUNDS = 3
IDLE_SECONDS = 3.0
ERAS: tuple[Surface, ...] = ("handshake", "modern")
ANSWERS: tuple[Answers, ...] = ("json", "sse")
LIMITS = {
    "read_cell": limits.READ_CELL_CPU,
    "insert_cell": limits.INSERT_CELL_CPU,
    "execute_cell": limits.EXECUTE_CELL_CPU,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to measure."""

    places: Sequence[str] = PLACES
    surfaces: Sequence[Surface] = SURFACES
    tools: Sequence[str] = TOOLS
    rounds: int = ROUNDS
    full_speed: bool = True
    """Whether to measure all once more with clients that do not pause, in the first round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `place` is `json` or `sse` for the no-op."""

    place: str
    surface: Surface
    tool: str
    paced: bool

    @property
    def name(self) -> str:
        speed = "" if self.paced else ", full speed"
        return f"{self.tool}, {self.place}, {self.surface}{speed}"

    @property
    def floor(self) -> Row:
        """The no-op of the same era that answers JSON; REST is compared with the later one."""
        era: Surface = "handshake" if self.surface == "handshake" else "modern"
        return Row(place="json", surface=era, tool="no-op", paced=self.paced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A jmcp, with the Jupyter Server that it works on when that is another process."""

    name: str
    server: Server
    jupyter: Server | None
    sessions: Sessions


def figures(base: Path, choice: Choice = Choice()) -> list[Figure]:  # frozen
    """All servers run from begin to end, and each round measures everything once.

    The floor is measured again before each tool, so that both see the same machine.
    """
    taken: dict[Row, list[CpuPerCall]] = defaultdict(list)
    with ExitStack() as stack:
        floors = {one: stack.enter_context(no_op(base / one, one)) for one in ANSWERS}
        places = list(_places(base, stack, choice))
        servers = [place.server for place in places]
        servers += [place.jupyter for place in places if place.jupyter]
        for number in range(choice.rounds):
            idle = idle_rates(servers, IDLE_SECONDS)
            for paced in (True, False) if choice.full_speed and number == 0 else (True,):
                period = PERIOD_SECONDS if paced else 0.0
                for tool in choice.tools:
                    for answers, server in floors.items():
                        for era in ERAS:
                            row = Row(place=answers, surface=era, tool="no-op", paced=paced)
                            taken[row].append(measure(no_op_plans(server, era, period), server))
                    for place in places:
                        for surface in choice.surfaces:
                            row = Row(place=place.name, surface=surface, tool=tool, paced=paced)
                            print(f"round {number + 1}: {row.name}", file=sys.stderr)
                            taken[row].append(_measured(place, row, period, number, idle))
    return [_figure(row, taken) for row in sorted(taken, key=_order)]


def _places(base: Path, stack: ExitStack, choice: Choice) -> Iterator[Place]:
    run = "execute_cell" in choice.tools
    if "in Jupyter" in choice.places:
        server = stack.enter_context(jmcp.in_jupyter(base / "lab"))
        sessions = open_sessions(server, "kept", run=run)
        yield Place(name="in Jupyter", server=server, jupyter=None, sessions=sessions)
    if "standalone" in choice.places:
        jupyter = stack.enter_context(jmcp.jupyter_server(base / "jupyter"))
        server = stack.enter_context(jmcp.standalone(base / "jupyter", jupyter))
        sessions = open_sessions(server, "kept", run=run)
        yield Place(name="standalone", server=server, jupyter=jupyter, sessions=sessions)


def _measured(
    place: Place, row: Row, period: float, number: int, idle: dict[int, float]
) -> CpuPerCall:
    sessions = place.sessions
    grows = row.tool == "insert_cell"
    if grows:  # new notebooks each time
        name = f"{row.surface}-{row.paced}-{number}"
        sessions = open_sessions(place.server, name, run=False)
    try:
        plans = sessions.plans(row.surface, row.tool, period)
        return measure(plans, place.server, place.jupyter, idle=idle)
    finally:
        if grows:
            sessions.close()


def _order(row: Row) -> tuple[bool, int]:
    tools = ("no-op", *TOOLS)
    return not row.paced, tools.index(row.tool)


def _figure(row: Row, taken: dict[Row, list[CpuPerCall]]) -> Figure:
    found = taken[row]
    server = [one.server for one in found]
    note = f"{min(server):.2f} to {max(server):.2f}; {statistics.median(one.per_second for one in found):.0f} calls/s"
    if row.tool == "no-op":
        return Figure(name=row.name, value=statistics.median(server), unit="ms", note=note)
    if row.place == "standalone":
        note += f"; Jupyter {statistics.median(one.jupyter for one in found):.2f} ms"
    if row.tool == "execute_cell":
        note += f"; kernel {statistics.median(one.kernels for one in found):.2f} ms"
    floor = statistics.median(one.server for one in taken[row.floor])
    return Figure(
        name=row.name,
        value=statistics.median(server),
        unit="ms",
        reference=Reference(name="no-op", value=floor),
        limit=LIMITS[row.tool] if row.paced else None,
        note=note,
    )
