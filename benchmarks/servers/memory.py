"""Memory of a process (Linux)."""

from __future__ import annotations

from pathlib import Path


def resident_mb(pid: int) -> float:
    """What of it is in memory now, in MB of 1,024 x 1,024 bytes. Raises OSError if it is gone."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
