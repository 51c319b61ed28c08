"""CPU clocks of other processes: seconds of all their threads, to the nanosecond (Linux)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CPUCLOCK_SCHED = 2
"""Linux, include/linux/posix-timers.h: the clock of what a process ran, not of its ticks."""

KERNEL_COMMAND = b"ipykernel_launcher"


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, threads that ended included, children not.

    `/proc/PID/stat` has the same in steps of 10 ms, which is more than a call takes. Raises OSError
    for a process that is gone.
    """
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuReading:
    """CPU seconds so far, of a server and of the kernels that it started."""

    server: float
    kernels: float

    def __sub__(self, earlier: CpuReading) -> CpuReading:
        return CpuReading(
            server=self.server - earlier.server, kernels=self.kernels - earlier.kernels
        )


def read_cpu(pid: int) -> CpuReading:
    """A server with its child processes; those that are kernels apart."""
    server, kernels = cpu_seconds(pid), 0.0
    for child in _descendants(pid):
        try:
            taken = cpu_seconds(child)
            is_kernel = KERNEL_COMMAND in Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if is_kernel:
            kernels += taken
        else:
            server += taken
    return CpuReading(server=server, kernels=kernels)


def _descendants(pid: int) -> Iterator[int]:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (thread / "children").read_text().split()
        except OSError:  # the thread ended meanwhile
            continue
        for child in children:
            yield int(child)
            yield from _descendants(int(child))
