"""What a server does under load: a thousand inserts in a row, and a hundred thousand lines."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.calls import notebook
from benchmarks.process import resident_mb
from benchmarks.table import Figure
from benchmarks.wire import Wire

INSERTS = 1000
PART = 100
FLAT_LIMIT_RATIO = 1.5
LINES = 100_000
LINE = "x" * 99
RESULT_LIMIT_KB = 100
"""What an execute tool may send of any output, text and data together."""

SAVE_SECONDS = 60
SAMPLE_SECONDS = 0.05


def inserts(wire: Wire, root: Path, where: str) -> list[Figure]:
    """1,000 cells inserted at the end, one call each: the last hundred against the first."""
    name = f"growing-{where}.ipynb"
    notebook(root / name, 1)
    session = wire.call("use_notebook", notebook_path=name)["session_id"]
    taken = []
    for number in range(INSERTS):
        begin = time.perf_counter()
        wire.call(
            "insert_cell",
            session_id=session,
            cell_index=-1,
            cell_type="code",
            cell_source=f"value = {number}",
        )
        taken.append((time.perf_counter() - begin) * 1000)
    wire.call("unuse_notebook", session_id=session)
    first, last = statistics.median(taken[:PART]), statistics.median(taken[-PART:])
    return [
        Figure(
            name=f"{INSERTS} inserts, {where}: last / first {PART}",
            value=last / first,
            unit="x",
            limit=FLAT_LIMIT_RATIO,
            note=f"medians {first:.2f} to {last:.2f} ms, {sum(taken) / 1000:.1f} s in all",
        )
    ]


def flood(
    wire: Wire, other: Wire, root: Path, pids: dict[str, int], where: str, lost_is_said: bool
) -> list[Figure]:
    """100,000 lines of 100 bytes printed by one cell, while another client reads the notebook.

    `pids` are the processes whose memory is told. With `lost_is_said` the server may drop output,
    and then the result has to say so.
    """
    name = f"flood-{where.replace(' ', '-')}.ipynb"
    notebook(root / name, 2)
    session = wire.call("use_notebook", notebook_path=name)["session_id"]
    source = f"for i in range({LINES}): print(f'{{i:06d}} {LINE[:92]}')"
    wire.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source="1")
    wire.call("execute_cell", session_id=session, cell_index=1)
    wire.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source=source)
    before = {who: resident_mb(pid) for who, pid in pids.items()}
    peak = dict(before)
    reads: list[float] = []
    over = threading.Event()

    def read() -> None:
        mine = other.call("use_notebook", notebook_path=name)["session_id"]
        while not over.is_set():
            begin = time.perf_counter()
            other.call("read_cell", session_id=mine, cell_index=1)
            reads.append((time.perf_counter() - begin) * 1000)
            for who, pid in pids.items():
                peak[who] = max(peak[who], resident_mb(pid))
            over.wait(SAMPLE_SECONDS)

    reader = threading.Thread(target=read)
    reader.start()
    begin = time.perf_counter()
    try:
        result, size = wire.request(
            "tools/call",
            name="execute_cell",
            arguments={"session_id": session, "cell_index": 0, "wait": 300},
        )
    finally:
        over.set()
        reader.join()
    seconds = time.perf_counter() - begin
    data = result["structuredContent"]
    found = _lines(root / name, lambda count: count >= LINES or not data["complete"])
    lost = LINES - found
    memory = ", ".join(
        f"{who} {before[who]:.0f} to {peak[who]:.0f} MB at most" for who in sorted(pids)
    )
    told = lost_is_said and not data["complete"]
    wire.call("unuse_notebook", session_id=session, kernel="stop")
    return [
        Figure(
            name=f"{LINES} lines, {where}: seconds", value=seconds, unit="s", note=data["status"]
        ),
        Figure(
            name=f"{LINES} lines, {where}: lost" + (" and not said" if lost_is_said else ""),
            value=0 if told else lost,
            unit="lines",
            limit=0,
            note=f"{found} in the file",
        ),
        Figure(
            name=f"{LINES} lines, {where}: result",
            value=size / 1000,
            unit="kB",
            limit=RESULT_LIMIT_KB,
        ),
        Figure(
            name=f"{LINES} lines, {where}: a read meanwhile",
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
