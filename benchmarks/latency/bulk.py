"""Much work at once: a thousand inserts in a row, and a hundred thousand lines of output."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, Reference
from benchmarks.notebooks import write_notebook
from benchmarks.servers.memory import resident_mb

INSERTS = 1000
PART = 100
LINES = 100_000
LINE = "x" * 99
SAVE_SECONDS = 60
SAMPLE_SECONDS = 0.05


def inserts(client: ModernClient, root: Path, place: str) -> list[Figure]:
    """1,000 cells inserted at the end, one call each: the last hundred against the first."""
    name = f"growing-{place}.ipynb"
    write_notebook(root / name, 1)
    session = client.call("use_notebook", notebook_path=name)["session_id"]
    taken = []
    for number in range(INSERTS):
        begin = time.perf_counter()
        client.call(
            "insert_cell",
            session_id=session,
            cell_index=-1,
            cell_type="code",
            cell_source=f"value = {number}",
        )
        taken.append((time.perf_counter() - begin) * 1000)
    client.call("unuse_notebook", session_id=session)
    first, last = statistics.median(taken[:PART]), statistics.median(taken[-PART:])
    return [
        Figure(
            name=f"{INSERTS} inserts, {place}: the last {PART}",
            value=last,
            unit="ms",
            reference=Reference(name=f"the first {PART}", value=first),
            limit=limits.FLAT_INSERTS,
            note=f"{sum(taken) / 1000:.1f} s in all",
        )
    ]


def flood(
    client: ModernClient,
    reader: ModernClient,
    root: Path,
    pids: dict[str, int],
    place: str,
    lost_is_said: bool,
) -> list[Figure]:
    """100,000 lines of 100 bytes printed by one cell, while another client reads the notebook.

    `pids` are the processes whose memory is said. With `lost_is_said` the server may drop output,
    and then the result has to say so.
    """
    name = f"flood-{place.replace(' ', '-')}.ipynb"
    write_notebook(root / name, 2)
    session = client.call("use_notebook", notebook_path=name)["session_id"]
    source = f"for i in range({LINES}): print(f'{{i:06d}} {LINE[:92]}')"
    client.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source="1")
    client.call("execute_cell", session_id=session, cell_index=1)
    client.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source=source)
    before = {who: resident_mb(pid) for who, pid in pids.items()}
    peak = dict(before)
    reads: list[float] = []
    over = threading.Event()

    def read() -> None:
        mine = reader.call("use_notebook", notebook_path=name)["session_id"]
        while not over.is_set():
            begin = time.perf_counter()
            reader.call("read_cell", session_id=mine, cell_index=1)
            reads.append((time.perf_counter() - begin) * 1000)
            for who, pid in pids.items():
                peak[who] = max(peak[who], resident_mb(pid))
            over.wait(SAMPLE_SECONDS)

    reading = threading.Thread(target=read)
    reading.start()
    begin = time.perf_counter()
    try:
        result, size = client.request(
            "tools/call",
            name="execute_cell",
            arguments={"session_id": session, "cell_index": 0, "wait": 300},
        )
    finally:
        over.set()
        reading.join()
    seconds = time.perf_counter() - begin
    data = result["structuredContent"]
    found = _lines(root / name, lambda count: count >= LINES or not data.get("complete", True))
    lost = LINES - found
    memory = ", ".join(
        f"{who} {before[who]:.0f} to {peak[who]:.0f} MB at most" for who in sorted(pids)
    )
    said = lost_is_said and not data.get("complete", True)
    client.call("unuse_notebook", session_id=session, kernel="stop")
    return [
        Figure(
            name=f"{LINES} lines, {place}: seconds",
            value=seconds,
            unit="s",
            note=data.get("status", "ok"),
        ),
        Figure(
            name=f"{LINES} lines, {place}: lost" + (" and not said" if lost_is_said else ""),
            value=0 if said else lost,
            unit="lines",
            limit=limits.LOST_LINES,
            note=f"{found} in the file",
        ),
        Figure(
            name=f"{LINES} lines, {place}: result",
            value=size / 1000,
            unit="kB",
            limit=limits.RUN_RESULT,
        ),
        Figure(
            name=f"{LINES} lines, {place}: a read meanwhile",
            value=statistics.median(reads),
            unit="ms",
            note=f"at most {max(reads):.0f} ms; {memory}",
        ),
    ]


def _lines(path: Path, enough: Callable[[int], bool]) -> int:
    """How many different lines the saved file has, once it has enough or stays as it is."""
    deadline = time.monotonic() + SAVE_SECONDS
    found = -1
    while time.monotonic() < deadline:
        try:
            outputs = json.loads(path.read_text())["cells"][0]["outputs"]
        except ValueError:  # being written
            outputs = []
        text = "".join("".join(output.get("text", "")) for output in outputs)
        now = len({line[:6] for line in text.splitlines() if line[6:7] == " "})
        if now == found and enough(now):
            return now
        found = now
        time.sleep(1)
    return found
