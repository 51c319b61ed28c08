"""What jmcp adds to a JupyterLab: time until it answers, and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.table import Figure
from benchmarks.wire import Wire
from tests.served import configure

READY_SECONDS = 60
READY_LIMIT_S = 1.5
MEMORY_LIMIT_MB = 50
POLL_SECONDS = 0.01
STARTS = 3


@contextmanager
def lab(home: Path, root: Path, *, extension: bool) -> Iterator[tuple[str, str, int, float]]:
    """Plain `jupyter lab`, with jmcp on or off: (url, token, process id, moment of its start)."""
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = "benchmark-token"
    configure(home, {"ServerApp": {"jpserver_extensions": {"jmcp": extension}}})
    begin = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"),
            f"--IdentityProvider.token={token}",
        ],
        env=os.environ | {"HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/", token, process.pid, begin
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def ready(home: Path, root: Path) -> list[Figure]:
    """Seconds until a bare JupyterLab answers, and until jmcp's tools/list does; and memory."""
    bare, ours, bare_mb, our_mb = [], [], [], []
    for _ in range(STARTS):
        with lab(home, root, extension=False) as (url, token, pid, begin):
            _until(lambda url=url, token=token: _status(url, token))
            bare.append(time.perf_counter() - begin)
            bare_mb.append(resident_mb(pid))
        with lab(home, root, extension=True) as (url, token, pid, begin):
            _until(lambda url=url, token=token: _tools(url, token))
            ours.append(time.perf_counter() - begin)
            our_mb.append(resident_mb(pid))
    return [
        Figure(
            name="bare jupyter lab answers", value=min(bare), unit="s", note=f"best of {STARTS}"
        ),
        Figure(name="tools/list answers", value=min(ours), unit="s", note=f"best of {STARTS}"),
        Figure(
            name="ready after bare jupyter lab",
            value=min(ours) - min(bare),
            unit="s",
            limit=READY_LIMIT_S,
        ),
        Figure(
            name="memory that the extension adds",
            value=min(our_mb) - min(bare_mb),
            unit="MB",
            limit=MEMORY_LIMIT_MB,
            note=f"{min(bare_mb):.0f} to {min(our_mb):.0f} MB resident",
        ),
    ]


def _until(answers: object) -> None:
    assert callable(answers)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            answers()
        except (OSError, RuntimeError, urllib.error.URLError):
            time.sleep(POLL_SECONDS)
        else:
            return
    raise TimeoutError("the server did not answer")


def _status(url: str, token: str) -> None:
    request = urllib.request.Request(
        f"{url}api/status", headers={"Authorization": f"token {token}"}
    )
    with urllib.request.urlopen(request, timeout=READY_SECONDS) as response:
        response.read()


def _tools(url: str, token: str) -> None:
    with Wire(f"{url}mcp", token) as wire:
        wire.request("tools/list")


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
