"""What is left of much use: descriptors and memory of a server, after it was warmed up and at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.http import Connection
from benchmarks.clients.mcp import HandshakeClient, ModernClient
from benchmarks.figures import Figure
from benchmarks.notebooks import write_notebook
from benchmarks.servers import jmcp
from benchmarks.servers.memory import resident_mb
from benchmarks.servers.process import Server

NOTEBOOKS = 1_000
"""Opened, edited and released, one after the other."""
CLIENTS = 5_000
"""That begin an MCP session of the handshake era and vanish."""
KERNELS = 500
"""That jmcp starts and another client of Jupyter shuts down."""
EDITS = 20_000
"""Of one notebook: cells inserted, overwritten and deleted."""
WARM_UP = 0.2
"""The part of each that comes first and only fills what is kept on purpose."""
LARGEST_CELLS = 50
"""Cells of the notebook that is edited: above it they are deleted."""
CLEAN_UP_DELAY_SECONDS = 1
"""Seconds after which Jupyter closes a room that nobody uses; its default of 60 would only make the
soak longer."""
SETTLE_SECONDS = 30.0
"""Seconds that a server has to let go of what was used last."""
LOOK_SECONDS = 0.5

START_ATTEMPTS = 3
"""A kernel may die while it starts, for the one before it is being shut down on a busy machine."""
NO_RATES = ("--calls-per-second", "0", "--owner-calls-per-second", "0")

Use = Callable[[int], None]
"""One more use, of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a process holds: open descriptors, and memory in MB."""

    descriptors: int
    memory: float


def held(pid: int) -> Held:
    return Held(descriptors=len(os.listdir(f"/proc/{pid}/fd")), memory=resident_mb(pid))


def settled(pid: int) -> Held:
    """What it holds when that grows less no more, or after SETTLE_SECONDS."""
    least, since = held(pid), time.monotonic()
    until = since + SETTLE_SECONDS
    while time.monotonic() < min(until, since + SETTLE_SECONDS / 6):
        time.sleep(LOOK_SECONDS)
        now = held(pid)
        if now.descriptors < least.descriptors or now.memory < least.memory - 1:
            since = time.monotonic()
        least = Held(
            descriptors=min(least.descriptors, now.descriptors),
            memory=min(least.memory, now.memory),
        )
    return least


def notebooks(server: Server, client: ModernClient) -> Use:
    def use(number: int) -> None:
        path = f"soak-{number}.ipynb"
        write_notebook(server.root / path, 3)
        session = client.call("use_notebook", notebook_path=path)["session_id"]
        client.call(
            "insert_cell", session_id=session, cell_index=-1, cell_type="code", cell_source="1"
        )
        client.call("unuse_notebook", session_id=session)

    return use


def vanished_clients(server: Server, client: ModernClient) -> Use:
    def use(number: int) -> None:
        gone = HandshakeClient(server.mcp_url, server.token)
        gone.call("list_kernels")
        Connection.close(gone)  # without an end of its session

    return use


def foreign_shutdowns(server: Server, client: ModernClient) -> Use:
    write_notebook(server.root / "kernels.ipynb", 1)
    session = client.call("use_notebook", notebook_path="kernels.ipynb")["session_id"]

    def run() -> None:
        for left in reversed(range(START_ATTEMPTS)):
            try:
                client.call("execute_code", session_id=session, code="1")
            except RuntimeError:
                if not left:
                    raise
            else:
                return

    def use(number: int) -> None:
        run()
        with Connection(f"{server.url}api/kernels", server.token) as other:
            kernels = json.loads(other.send("GET", other.path).body)
            for kernel in kernels:
                other.send("DELETE", f"{other.path}/{kernel['id']}")

    return use


def edits(server: Server, client: ModernClient) -> Use:
    write_notebook(server.root / "edits.ipynb", LARGEST_CELLS)
    session = client.call("use_notebook", notebook_path="edits.ipynb")["session_id"]

    def use(number: int) -> None:
        if number % 3 == 0:
            client.call(
                "insert_cell", session_id=session, cell_index=0, cell_type="code", cell_source=""
            )
        elif number % 3 == 1:
            source = f"value = {number}\n" * 10
            client.call(
                "overwrite_cell_source", session_id=session, cell_index=0, cell_source=source
            )
        else:
            client.call("delete_cell", session_id=session, cell_indices=[0])

    return use


SOAKS: dict[str, tuple[int, Callable[[Server, ModernClient], Use], limits.Limit]] = {
    "notebooks": (NOTEBOOKS, notebooks, limits.SOAK_NOTEBOOKS_MEMORY),
    "clients": (CLIENTS, vanished_clients, limits.SOAK_CLIENTS_MEMORY),
    "kernels": (KERNELS, foreign_shutdowns, limits.SOAK_KERNELS_MEMORY),
    "edits": (EDITS, edits, limits.SOAK_EDITS_MEMORY),
}


def figures(base: Path, names: tuple[str, ...], share: float) -> list[Figure]:
    """The growth of a server of its own by each, for that share of the numbers."""
    found = []
    for name in names:
        count, prepare, memory = SOAKS[name]
        found += _soak(base / name, name, max(10, int(count * share)), prepare, memory)
    return found


def _soak(
    base: Path,
    name: str,
    count: int,
    prepare: Callable[[Server, ModernClient], Use],
    memory: limits.Limit,
) -> list[Figure]:
    warm = max(1, int(count * WARM_UP))
    _configure(base)
    # What may be open on purpose is open when it is warm.
    options = [*NO_RATES, "--max-mcp-sessions", str(warm)]
    with (
        jmcp.in_jupyter(base, *options) as server,
        ModernClient(server.mcp_url, server.token) as client,
    ):
        use = prepare(server, client)
        for number in range(warm):
            use(number)
        before = settled(server.pid)
        client.reconnect()
        began = time.monotonic()
        for number in range(warm, count):
            use(number)
        seconds = time.monotonic() - began
        after = settled(server.pid)
    note = f"{warm} to {count} {name} in {seconds:.0f} s"
    return [
        Figure(
            name=f"soak, {name}: descriptors more",
            value=after.descriptors - before.descriptors,
            unit="",
            limit=limits.SOAK_DESCRIPTORS,
            note=f"{note}; {before.descriptors} to {after.descriptors}",
        ),
        Figure(
            name=f"soak, {name}: memory more",
            value=after.memory - before.memory,
            unit="MB",
            limit=memory,
            note=f"{before.memory:.0f} to {after.memory:.0f} MB",
        ),
    ]


def _configure(base: Path) -> None:
    folder = base / "home" / ".jupyter"
    folder.mkdir(parents=True)
    config = {"YDocExtension": {"document_cleanup_delay": CLEAN_UP_DELAY_SECONDS}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(config))
