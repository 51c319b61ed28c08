"""`limits.py`: a constant for each declared size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel


def emit(api: ApiModel, printer: Printer) -> str:
    return printer.text("limits.py.j2", sizes=_sizes(api.sessions))


def described(sessions: Mapping[str, Any]) -> list[str]:
    """A line for each declared size and for what is kept of a run's outputs, for people."""
    lines = [f"`{name}`: {size['at_most']:,}. {size['doc']}" for name, size in _sizes(sessions)]
    kept = sessions["limits"]["run_output"]
    for what, unit in (("text", "characters of text"), ("data", "bytes of other outputs")):
        head, tail = kept[f"{what}_head"], kept[f"{what}_tail"]
        lines.append(f"Of one run, the first {head:,} and the last {tail:,} {unit} are kept.")
    head, tail = kept["outputs_head"], kept["outputs_tail"]
    lines.append(f"Of one run, the first {head:,} and the last {tail:,} outputs are kept.")
    lines.append(f"Of one exception in it, {kept['error']:,} characters are kept.")
    return lines


def _sizes(sessions: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(sessions.get("sizes", {}).items())
