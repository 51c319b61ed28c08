"""`1+1` through MCP with its output in the notebook, against raw clients of the same kernel."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, Reference, milliseconds, spread
from benchmarks.notebooks import write_notebook
from benchmarks.servers import peer
from benchmarks.servers.kernel_clients import RawKernel, RawWebsocket
from benchmarks.servers.process import Server

RUNS = 100
BATCH = 10
PEER_RUNS = 10
CELLS = 10


def runs_in_jupyter(client: ModernClient, root: Path, runtime_dir: Path) -> list[Figure]:
    """Against a raw client of the kernel's own sockets."""
    with _running_cell(client, root) as (run, kernel_id):
        raw = RawKernel(runtime_dir, kernel_id)
        try:
            ours, floor = _alternating(run, lambda: raw.run("1+1"))
        finally:
            raw.close()
    return [
        Figure(
            name="execute_cell 1+1, in Jupyter",
            value=statistics.median(ours),
            unit="ms",
            reference=Reference(name="raw kernel client", value=statistics.median(floor)),
            limit=limits.RUN_OF_RAW_KERNEL,
            note=spread(ours),
        )
    ]


def runs_standalone(jupyter: Server, server: Server, client: ModernClient) -> list[Figure]:
    """Against a raw websocket of Jupyter Server, and against the peer on the same server."""
    theirs = _of_peer(jupyter)
    # Only now: a connection that nobody uses meanwhile would be closed.
    client.reconnect()
    with _running_cell(client, server.root) as (run, kernel_id):
        quick = RawWebsocket(jupyter.url, jupyter.token, kernel_id, quick_ack=True)
        plain = RawWebsocket(jupyter.url, jupyter.token, kernel_id, quick_ack=False)
        try:
            ours, floor = _alternating(run, lambda: quick.run("1+1"))
            slow = milliseconds(lambda: plain.run("1+1"), BATCH)
        finally:
            quick.close()
            plain.close()
    mine = statistics.median(ours)
    return [
        Figure(
            name="raw websocket 1+1, no quick acknowledgement",
            value=statistics.median(slow),
            unit="ms",
            note=spread(slow),
        ),
        Figure(
            name="execute_cell 1+1, standalone",
            value=mine,
            unit="ms",
            reference=Reference(name="raw websocket", value=statistics.median(floor)),
            limit=limits.RUN_OF_RAW_WEBSOCKET,
            note=spread(ours),
        ),
        Figure(
            name="execute_cell 1+1, standalone, and the peer's",
            value=mine,
            unit="ms",
            reference=Reference(name=peer.NAME, value=statistics.median(theirs)),
            limit=limits.RUN_OF_PEER,
            note=f"peer: {spread(theirs)}",
        ),
    ]


@contextmanager
def _running_cell(client: ModernClient, root: Path) -> Iterator[tuple[Callable[[], object], str]]:
    """How to run the cell `1+1` of a notebook whose kernel is up, and that kernel's id."""
    write_notebook(root / "runs.ipynb", CELLS, first="1+1")
    session = client.call("use_notebook", notebook_path="runs.ipynb")["session_id"]
    client.call("execute_cell", session_id=session, cell_index=0)
    used = client.call("use_notebook", notebook_path="runs.ipynb", session_id=session)

    def run() -> object:
        return client.call("execute_cell", session_id=session, cell_index=0)

    yield run, used["kernel"]["kernel_id"]
    client.call("unuse_notebook", session_id=session, kernel="stop")


def _alternating(
    ours: Callable[[], object], floor: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Both in turns of a few runs each, so that both see the same machine."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(RUNS // BATCH):
        theirs += milliseconds(floor, BATCH)
        mine += milliseconds(ours, BATCH)
    return mine, theirs


def _of_peer(jupyter: Server) -> list[float]:
    write_notebook(jupyter.root / "peer.ipynb", CELLS, first="1+1")
    with peer.standalone(jupyter) as url, peer.SdkClient(url) as client:
        client.call(
            "use_notebook",
            notebook_name="peer",
            notebook_path="peer.ipynb",
            mode="connect",
            kernel_id="NEW",
        )
        return milliseconds(lambda: client.call("execute_cell", cell_index=0), PEER_RUNS)
