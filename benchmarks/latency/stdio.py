"""Seconds from the start of a process over stdio to its answer to tools/list."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import META
from benchmarks.figures import Figure
from benchmarks.servers import jmcp
from benchmarks.servers.process import PYTHON, STOP_SECONDS, Server, environment

STARTS = 5


def starts(jupyter: Server, home: Path) -> list[Figure]:
    """Of `jmcp serve --transport stdio` on a Jupyter Server that runs."""
    taken = [_listed(jupyter, home) for _ in range(STARTS)]
    return [
        Figure(
            name="stdio: tools/list after launch",
            value=statistics.median(taken),
            unit="s",
            limit=limits.STDIO_READY,
            note=f"{min(taken):.2f} to {max(taken):.2f}, n={STARTS}",
        )
    ]


def _listed(jupyter: Server, home: Path) -> float:
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*PYTHON, "jmcp", "serve", "--transport", "stdio"],
        env=environment(home, **jmcp.standalone_variables(jupyter)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        taken = time.perf_counter() - begin
        if not answer["result"]["tools"]:
            raise RuntimeError("no tools")
        return taken
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(STOP_SECONDS)
