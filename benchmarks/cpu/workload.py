"""The loads whose CPU is measured and profiled: eight clients that make one kind of call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.clients.mcp import ModernClient
from benchmarks.clients.process import CallPlan, ClientProcess, Surface
from benchmarks.cpu.clock import CpuReading, read_cpu
from benchmarks.notebooks import write_notebook
from benchmarks.servers.no_op import TOOL as NO_OP
from benchmarks.servers.process import Server

CLIENTS = 8
CELLS = 10
WARM_UP_CALLS = 5
TOOLS = ("read_cell", "insert_cell", "execute_cell")
SURFACES: tuple[Surface, ...] = ("handshake", "modern", "REST")

PERIOD_SECONDS = 0.2
"""Between the calls of one client under the paced load: 40 calls per second in all, which no server
here is too slow for.

CPU per call depends on how many calls there are: a busy server takes several at each turn of its
event loop, which halves what a no-op costs. So costs are compared at the same rate.
"""

PACED_CALLS = 40
"""By each client: 320 calls in eight seconds."""

CALLS = {NO_OP: 150, "read_cell": 100, "insert_cell": 50, "execute_cell": 40}
"""By each client at full speed, so that a measurement takes some seconds."""

SETTLE_SECONDS = {NO_OP: 0.5, "read_cell": 1.5, "insert_cell": 6.0, "execute_cell": 6.0}
"""Work that calls leave behind counts as theirs: the save comes two seconds after an edit, and the
journal is tidied five seconds after the last one."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    NO_OP: {},
    "read_cell": {"cell_index": CELLS // 2},
    "insert_cell": {"cell_index": -1, "cell_type": "code", "cell_source": "value = 1"},
    "execute_cell": {"cell_index": 0},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """One session for each client, on a notebook of its own."""

    server: Server
    ids: Sequence[str]

    def plans(self, surface: Surface, tool: str, period: float) -> list[CallPlan]:
        return [
            CallPlan(
                surface=surface,
                url=self.server.url,
                token=self.server.token,
                tool=tool,
                arguments={"session_id": session_id, **ARGUMENTS[tool]},
                period=period,
            )
            for session_id in self.ids
        ]

    def close(self) -> None:
        with ModernClient(self.server.mcp_url, self.server.token) as client:
            for session_id in self.ids:
                client.call("unuse_notebook", session_id=session_id)


def open_sessions(server: Server, name: str, *, run: bool) -> Sessions:
    """Eight notebooks of ten cells. With `run` their kernels are up and have run the first cell.

    Raises RuntimeError if a run does not print what it should.
    """

    def opened(number: int) -> str:
        path = f"{name}-{number}.ipynb"
        write_notebook(server.root / path, CELLS, first="1+1")
        with ModernClient(server.mcp_url, server.token) as client:
            session_id: str = client.call("use_notebook", notebook_path=path)["session_id"]
            if run:
                result = client.call("execute_cell", session_id=session_id, cell_index=0)
                if [output.get("text") for output in result["outputs"]] != ["2"]:
                    raise RuntimeError(f"1+1 is {result}")
        return session_id

    with ThreadPoolExecutor(CLIENTS) as pool:
        return Sessions(server=server, ids=list(pool.map(opened, range(CLIENTS))))


def no_op_plans(server: Server, surface: Surface, period: float) -> list[CallPlan]:
    plan = CallPlan(
        surface=surface,
        url=server.url,
        token=server.token,
        tool=NO_OP,
        arguments={},
        period=period,
    )
    return [plan] * CLIENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuPerCall:
    """Milliseconds of CPU per call, by process; `jupyter` is zero where jmcp is in it."""

    server: float
    jupyter: float
    kernels: float
    per_second: float
    """Calls per second, all clients together."""


def measure(
    plans: Sequence[CallPlan],
    server: Server,
    jupyter: Server | None = None,
    *,
    idle: Mapping[int, float] | None = None,
    times: int = 1,
) -> CpuPerCall:
    """CPU of the servers for a load, until what it left behind is done.

    `idle` are CPU seconds per second that a process takes without any call; they do not count.
    `times` as many calls are made as otherwise.
    """
    tool = plans[0].tool
    each = (PACED_CALLS if plans[0].period else CALLS[tool]) * times
    count = each * len(plans)
    servers = [server] if jupyter is None else [server, jupyter]
    with ClientProcess(plans) as clients:
        clients.run(WARM_UP_CALLS)
        began = time.perf_counter()
        before = [read_cpu(one.pid) for one in servers]
        seconds = clients.run(each)
        time.sleep(SETTLE_SECONDS[tool])
        readings = [read_cpu(one.pid) - early for one, early in zip(servers, before, strict=True)]
        window = time.perf_counter() - began
    own = [
        (reading.server - (idle or {}).get(one.pid, 0.0) * window) * 1000 / count
        for one, reading in zip(servers, readings, strict=True)
    ]
    return CpuPerCall(
        server=own[0],
        jupyter=sum(own[1:]),
        kernels=sum(reading.kernels for reading in readings) * 1000 / count,
        per_second=count / seconds,
    )


def idle_rates(servers: Sequence[Server], seconds: float) -> dict[int, float]:
    """CPU seconds per second of servers that nobody calls, by process id."""
    before: list[CpuReading] = [read_cpu(server.pid) for server in servers]
    time.sleep(seconds)
    return {
        server.pid: (read_cpu(server.pid) - early).server / seconds
        for server, early in zip(servers, before, strict=True)
    }
