"""What is asked of a kernel: code, for whom, and where its outputs go."""

from __future__ import annotations

from dataclasses import dataclass

from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.ports import NotebookRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Code to run on one kernel, for one session.

    `kernel_id` is None while the notebook's kernel is looked for or starts.
    `expression`, where there is one, is evaluated instead, without a trace but for what it prints;
    `code` then tells people what that is. `outputs` is the cell that shows what the code prints, and
    `cell_id` its id (None below nbformat 4.5); code without a cell has its outputs in the run alone.
    `generation` is that of the kernel process that the code was written for: in another one it is
    not run (None: in any). `timeout` is in seconds from when the kernel starts the code; 0 is no
    limit. `growth_left` is by how many bytes the cell's notebook may grow (None: not known).
    """

    kernel_id: str | None
    code: str
    expression: str | None = None
    notebook: NotebookRef
    owner: str
    session_id: str
    cell_id: str | None = None
    outputs: CellOutputs | None = None
    generation: int | None = None
    timeout: float = 0
    growth_left: int | None = None
