"""jmcp outside of Jupyter: against a raw websocket and the peer, on the same Jupyter Server."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peer
from benchmarks.calls import GROWTH_LIMIT_RATIO, RUNS, SIZES, notebook, timed_edits
from benchmarks.floor import RawWebsocket
from benchmarks.table import Figure, milliseconds, spread
from benchmarks.wire import Wire
from tests.served import (
    Served,
    environment,
    jupyter_server,
    standalone,
    standalone_command,
    standalone_variables,
)

RUN_LIMIT_RATIO = 1.5
PEER_LIMIT_RATIO = 20.0
EDIT_LIMIT_MS = 8.0
PEER_RUNS = 10
STDIO_STARTS = 5
STDIO_LIMIT_S = 1.5
NO_RATE_LIMIT = "--ZMQChannelsWebsocketConnection.limit_rate=False"


@contextmanager
def servers(base: Path, *options: str) -> Iterator[tuple[Served, Served]]:
    """A Jupyter Server with collaboration, and jmcp outside of it."""
    with (
        jupyter_server(base / "home", base / "root", *options) as jupyter,
        standalone(base / "home", jupyter) as served,
    ):
        yield jupyter, served


def runs(jupyter: Served, served: Served, wire: Wire) -> list[Figure]:
    """`1+1`: a raw websocket with and without quick acknowledgement, jmcp, and the peer."""
    theirs = _of_peer(jupyter)
    # Only now: a connection that nobody uses meanwhile would be closed.
    wire.reconnect()
    notebook(served.root / "runs.ipynb", 10)
    session = wire.call("use_notebook", notebook_path="runs.ipynb")["session_id"]
    wire.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source="1+1")
    wire.call("execute_cell", session_id=session, cell_index=0)
    kernel_id = wire.call("use_notebook", notebook_path="runs.ipynb", session_id=session)["kernel"][
        "kernel_id"
    ]
    quick = RawWebsocket(jupyter.url, jupyter.token, kernel_id, quick_ack=True)
    plain = RawWebsocket(jupyter.url, jupyter.token, kernel_id, quick_ack=False)
    ours: list[float] = []
    floor: list[float] = []
    try:
        for _ in range(RUNS // 10):
            floor += milliseconds(lambda: quick.run("1+1"), 10)
            ours += milliseconds(
                lambda: wire.call("execute_cell", session_id=session, cell_index=0), 10
            )
        slow = milliseconds(lambda: plain.run("1+1"), 10)
    finally:
        quick.close()
        plain.close()
    wire.call("unuse_notebook", session_id=session, kernel="stop")
    mine, raw = statistics.median(ours), statistics.median(floor)
    return [
        Figure(name="websocket 1+1, quick ack", value=raw, unit="ms", note=spread(floor)),
        Figure(name="websocket 1+1", value=statistics.median(slow), unit="ms", note=spread(slow)),
        Figure(name="outside: execute_cell 1+1", value=mine, unit="ms", note=spread(ours)),
        Figure(
            name="outside: execute_cell / websocket",
            value=mine / raw,
            unit="x",
            limit=RUN_LIMIT_RATIO,
        ),
        Figure(
            name=f"jupyter-mcp-server {peer.VERSION}: execute_cell 1+1",
            value=statistics.median(theirs),
            unit="ms",
            note=spread(theirs),
        ),
        Figure(
            name="outside: execute_cell / that",
            value=mine / statistics.median(theirs),
            unit="x",
            limit=1 / PEER_LIMIT_RATIO,
            note=f"{statistics.median(theirs) / mine:.0f} times faster",
        ),
    ]


def _of_peer(jupyter: Served) -> list[float]:
    notebook(jupyter.root / "peer.ipynb", 10)
    with peer.standalone(jupyter.url, jupyter.token) as url, peer.PeerClient(url) as client:
        client.call(
            "use_notebook",
            notebook_name="peer",
            notebook_path="peer.ipynb",
            mode="connect",
            kernel_id="NEW",
        )
        client.call("overwrite_cell_source", cell_index=0, cell_source="1+1")
        return milliseconds(lambda: client.call("execute_cell", cell_index=0), PEER_RUNS)


def edits(wire: Wire, root: Path) -> list[Figure]:
    """insert, read and overwrite at 10 and 1,000 cells; the larger one may take twice the limit."""
    figures = []
    for size in SIZES:
        for action, taken in timed_edits(wire, root, size).items():
            limit = EDIT_LIMIT_MS if size == SIZES[0] else EDIT_LIMIT_MS * GROWTH_LIMIT_RATIO
            figures.append(
                Figure(
                    name=f"outside: {action}, {size} cells",
                    value=statistics.median(taken),
                    unit="ms",
                    limit=limit,
                    note=spread(taken),
                )
            )
    return figures


def stdio(jupyter: Served, home: Path) -> list[Figure]:
    """Seconds from the start of a process to its answer to tools/list."""
    taken = [_listed(jupyter, home) for _ in range(STDIO_STARTS)]
    return [
        Figure(
            name="stdio: tools/list after launch",
            value=statistics.median(taken),
            unit="s",
            limit=STDIO_LIMIT_S,
            note=f"{min(taken):.2f} to {max(taken):.2f}, n={STDIO_STARTS}",
        )
    ]


def _listed(jupyter: Served, home: Path) -> float:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    begin = time.perf_counter()
    process = subprocess.Popen(
        standalone_command("--transport", "stdio"),
        env=environment(home) | standalone_variables(jupyter),
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
        if len(answer["result"]["tools"]) < 1:
            raise RuntimeError("no tools")
        return taken
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(60)
