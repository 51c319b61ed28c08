"""The longest call of another client while each hostile input is processed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure
from benchmarks.hostile.inputs import INPUTS
from benchmarks.hostile.kinds import Victim
from benchmarks.hostile.pings import Ping, PingProcess
from benchmarks.notebooks import write_notebook
from benchmarks.servers import jmcp
from benchmarks.servers.memory import resident_mb

FLOOR_SECONDS = 3.0
NO_RATES = ("--calls-per-second", "0", "--owner-calls-per-second", "0")


def figures(base: Path, only: str = "") -> list[Figure]:
    """A ping beside nothing, and beside each input whose name has `only` in it."""
    with (
        jmcp.in_jupyter(base, *NO_RATES) as server,
        ModernClient(server.mcp_url, server.token) as opener,
    ):
        write_notebook(server.root / "pinged.ipynb", 3)
        session = opener.call("use_notebook", notebook_path="pinged.ipynb")["session_id"]
        pinged = {"session_id": session, "cell_index": 1}
        with PingProcess(server.mcp_url, server.token, server.pid, pinged) as pings:
            found = [
                _figure("nothing", _beside(pings, lambda: time.sleep(FLOOR_SECONDS)), limited=True)
            ]
            for number, one in enumerate(INPUTS):
                if only not in one.name:
                    continue
                with ModernClient(server.mcp_url, server.token) as client:
                    act = one.prepare(
                        Victim(client=client, root=server.root, name=f"hostile-{number}.ipynb")
                    )
                    client.reconnect()
                    began = time.monotonic()
                    taken = _beside(pings, act)
                    seconds = time.monotonic() - began
                found.append(_figure(one.name, taken, limited=one.limited))
                print(
                    f"{found[-1].value:8.0f} ms {one.name}: {found[-1].note}; {seconds:.1f} s, "
                    f"{resident_mb(server.pid):.0f} MB",
                    file=sys.stderr,
                    flush=True,
                )
    return found


def _beside(pings: PingProcess, act: Callable[[], object]) -> list[Ping]:
    pings.start()
    try:
        act()
    finally:
        taken = pings.stop()
    return taken


def _figure(name: str, taken: Sequence[Ping], *, limited: bool) -> Figure:
    longest = max(taken, key=lambda ping: ping.wall)
    held = max(taken, key=lambda ping: ping.held)
    loop = max(ping.loop for ping in taken)
    return Figure(
        name=f"the longest ping beside {name}",
        value=longest.wall,
        unit="ms",
        limit=limits.PING if limited else None,
        note=f"{held.held:.0f} ms without waiting for a core, at most {loop:.0f} ms of the event "
        f"loop's thread and {max(ping.process for ping in taken):.0f} of all, n={len(taken)}",
    )
