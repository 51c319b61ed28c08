"""What jmcp adds to a JupyterLab: time until it answers, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.cpu.clock import cpu_seconds
from benchmarks.figures import Figure
from benchmarks.servers.memory import resident_mb
from benchmarks.servers.process import READY_SECONDS, TOKEN, environment, free_port, stop

POLL_SECONDS = 0.01
STARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a JupyterLab."""

    seconds: float
    """Until it answered."""

    cpu_seconds: float
    """Of all its threads until then: what a busy machine changes less."""

    megabytes: float
    """Resident then."""


def starts(base: Path) -> list[Figure]:
    """A bare JupyterLab until it answers, and one with jmcp until `tools/list` does, in turns.

    The best of several: the least that other work on the machine had its part in.
    """
    base.mkdir(parents=True)
    bare, ours = [], []
    for number in range(STARTS + 1):
        first, second = (
            _start(base, extension=False, answers=_status),
            _start(base, extension=True, answers=_tools),
        )
        if number:  # the very first fills the caches
            bare.append(first)
            ours.append(second)
    lab, jmcp = (min(start.seconds for start in found) for found in (bare, ours))
    lab_cpu, jmcp_cpu = (min(start.cpu_seconds for start in found) for found in (bare, ours))
    lab_mb, jmcp_mb = (min(start.megabytes for start in found) for found in (bare, ours))
    return [
        Figure(name="bare JupyterLab answers", value=lab, unit="s", note=f"best of {STARTS}"),
        Figure(name="tools/list answers", value=jmcp, unit="s", note=f"best of {STARTS}"),
        Figure(
            name="tools/list after a bare JupyterLab",
            value=jmcp - lab,
            unit="s",
            limit=limits.READY,
            note=", ".join(
                f"{our.seconds - their.seconds:.2f}" for our, their in zip(ours, bare, strict=True)
            ),
        ),
        Figure(
            name="CPU of the start that the extension adds",
            value=jmcp_cpu - lab_cpu,
            unit="s",
            note=f"{lab_cpu:.2f} to {jmcp_cpu:.2f} s",
        ),
        Figure(
            name="memory that the extension adds",
            value=jmcp_mb - lab_mb,
            unit="MB",
            limit=limits.MEMORY,
            note=f"{lab_mb:.0f} to {jmcp_mb:.0f} MB resident",
        ),
    ]


def _start(base: Path, *, extension: bool, answers: Callable[[str], object]) -> Start:
    with _lab(base, extension=extension) as (url, pid, begin):
        _until(lambda: answers(url))
        seconds = time.perf_counter() - begin
        return Start(seconds=seconds, cpu_seconds=cpu_seconds(pid), megabytes=resident_mb(pid))


@contextmanager
def _lab(base: Path, *, extension: bool) -> Iterator[tuple[str, int, float]]:
    """Plain `jupyter lab`, with jmcp on or off: its URL, its process and the moment of its start."""
    config = base / ".jupyter" / "jupyter_server_config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"jmcp": extension}}}))
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.root_dir={base}", f"--ServerApp.port={port}"]
    command += ["--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={TOKEN}"]
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment(base),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{port}/", process.pid, begin
    finally:
        stop(process)


def _until(answers: Callable[[], object]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            answers()
        except (OSError, RuntimeError):
            time.sleep(POLL_SECONDS)
        else:
            return
    raise TimeoutError("the server did not answer")


def _status(url: str) -> None:
    headers = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(f"{url}api/status", headers=headers)
    with urllib.request.urlopen(request, timeout=READY_SECONDS) as response:
        response.read()


def _tools(url: str) -> None:
    with ModernClient(f"{url}mcp", TOKEN) as client:
        client.request("tools/list")
