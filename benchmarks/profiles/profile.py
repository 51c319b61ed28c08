"""A real server under the load of one kind of call, and its CPU by subject."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients.process import CallPlan, Surface
from benchmarks.cpu.workload import CpuPerCall, measure, no_op_plans, open_sessions
from benchmarks.profiles.subjects import by_function, by_subject
from benchmarks.servers import jmcp
from benchmarks.servers.no_op import no_op
from benchmarks.servers.process import Server

NO_OP_PLACE = "on the SDK alone"
STOP_SECONDS = 30.0
SHOWN_FUNCTIONS = 60
TIMES = 3
"""As many calls as for the table of CPU: a sample comes once in some 4 ms of CPU."""

COMMON_SHARE = 0.9
Stacks = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One load: what it cost, and the samples of the jmcp process."""

    place: str
    surface: Surface
    tool: str
    cpu: CpuPerCall
    stacks: Stacks

    @property
    def milliseconds(self) -> dict[str, float]:
        """CPU milliseconds per call, by subject."""
        counts = by_subject(self.stacks)
        return {name: self.cpu.server * n / counts.total() for name, n in counts.most_common()}


class SampledPython:
    """How to start a module so that it can be sampled, and to sample it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._control = folder / "control"
        self._stacks = folder / "stacks"
        os.mkfifo(self._control)
        module = "benchmarks.profiles.sampled"
        self.command = (sys.executable, "-m", module, str(self._control), str(self._stacks))
        # Open for both, so that neither this side nor the other waits for its opposite.
        self._pipe = os.open(self._control, os.O_RDWR)

    def start(self) -> None:
        os.write(self._pipe, b"start\n")

    def stop(self) -> Stacks:
        """The stacks since the start. Raises TimeoutError if the server does not write them."""
        os.write(self._pipe, b"stop\n")
        deadline = time.monotonic() + STOP_SECONDS
        while not self._stacks.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the sampled server wrote no stacks")
            time.sleep(0.05)
        found: Counter[str] = Counter()
        for line in self._stacks.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            found[stack] += int(count)
        self._stacks.unlink()
        return found

    def close(self) -> None:
        os.close(self._pipe)


def profiles(
    base: Path,
    places: Sequence[str],
    surfaces: Sequence[Surface],
    tools: Sequence[str],
) -> list[Profile]:
    """The no-op, which answers JSON, and then jmcp in each place; each load once."""
    found = []
    for place in (NO_OP_PLACE, *places):
        with ExitStack() as stack:
            python = SampledPython(base / f"{place} sampler")
            stack.callback(python.close)
            server, jupyter = _started(place, base / place, python, stack)
            for surface in surfaces:
                if place == NO_OP_PLACE:
                    if surface != "REST":
                        plans = no_op_plans(server, surface, 0)
                        found.append(_profile(python, place, plans, server))
                    continue
                for tool in tools:
                    name = f"{surface}-{tool}"
                    sessions = open_sessions(server, name, run=tool == "execute_cell")
                    plans = sessions.plans(surface, tool, 0)
                    found.append(_profile(python, place, plans, server, jupyter))
                    sessions.close()
    return found


def _started(
    place: str, base: Path, python: SampledPython, stack: ExitStack
) -> tuple[Server, Server | None]:
    """The server to sample, and the Jupyter Server that it works on if that is another process."""
    if place == NO_OP_PLACE:
        return stack.enter_context(no_op(base, "json", python=python.command)), None
    if place == "standalone":
        jupyter = stack.enter_context(jmcp.jupyter_server(base))
        server = jmcp.standalone(base, jupyter, python=python.command)
        return stack.enter_context(server), jupyter
    return stack.enter_context(jmcp.in_jupyter(base, python=python.command)), None


def _profile(
    python: SampledPython,
    place: str,
    plans: Sequence[CallPlan],
    server: Server,
    jupyter: Server | None = None,
) -> Profile:
    surface, tool = plans[0].surface, plans[0].tool
    print(f"{place}, {surface}, {tool}", file=sys.stderr)
    python.start()
    cpu = measure(plans, server, jupyter, times=TIMES)
    return Profile(place=place, surface=surface, tool=tool, cpu=cpu, stacks=python.stop())


def write_stacks(found: Sequence[Profile], folder: Path) -> None:
    """One file for each load, as tools for flame graphs read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in found:
        name = f"{one.tool} {one.place} {one.surface}.folded".replace(" ", "-")
        (folder / name).write_text("".join(f"{key} {n}\n" for key, n in one.stacks.items()))


def table(found: Sequence[Profile]) -> str:
    """Markdown: a line for each subject, a column for each load, milliseconds and share."""
    columns = [profile.milliseconds for profile in found]
    largest = {
        name: max(column.get(name, 0.0) for column in columns)
        for name in {name for column in columns for name in column}
    }
    headings = [f"{one.tool}, {one.place}, {one.surface}" for one in found]
    lines = [["subject", *headings], ["---", *["---:"] * len(found)]]
    for name in sorted(largest, key=lambda name: -largest[name]):
        cells = []
        for column in columns:
            part = column.get(name, 0.0)
            cells.append(f"{part:.2f} ({part / sum(column.values()):.0%})" if part else "")
        lines.append([name, *cells])
    lines.append(["**CPU of jmcp per call, ms**", *(f"{one.cpu.server:.2f}" for one in found)])
    lines.append(["samples", *(str(sum(one.stacks.values())) for one in found)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def functions(profile: Profile) -> str:
    """The functions that most samples had on their stack, with milliseconds per call."""
    total = sum(profile.stacks.values())
    lines = [f"{profile.tool}, {profile.place}, {profile.surface}: with all that they call"]
    counts = by_function(profile.stacks)
    # What is on nearly every stack says nothing.
    shown = [(name, n) for name, n in counts.most_common() if n < COMMON_SHARE * total]
    for name, count in shown[:SHOWN_FUNCTIONS]:
        lines.append(f"{profile.cpu.server * count / total:8.3f} ms  {count / total:4.0%}  {name}")
    return "\n".join(lines)
