"""What a session knows of its kernel, and what that becomes when something is seen of the kernel.

A session is told of a loss once: what was seen last is kept with its record, and compared with what
is seen next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from jmcp.core.ports import Health, KernelConnection
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import HeldNotebook

PROCESS = uuid4().hex
"""Identifies this process of jmcp: a count of generations means nothing to another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSighting:
    """A kernel as it was found just now: `process` is its own name for its process, if it has one,
    and `generation` how many processes this process of jmcp has seen under its id."""

    kernel_id: str
    generation: int
    process: str | None

    @classmethod
    def of(cls, kernel_id: str, found: Health | KernelConnection) -> KernelSighting:
        return cls(kernel_id=kernel_id, generation=found.generation, process=found.process_name)


def is_certain(held: HeldNotebook, sighting: KernelSighting) -> bool:
    """Whether it can be known if this is the kernel process that the session knew."""
    return held.counted_by == PROCESS or sighting.process is not None


def after_sighting(
    held: HeldNotebook, sighting: KernelSighting, *, started: bool = False
) -> HeldNotebook:
    """What the session knows once it has seen the kernel, which it `started` itself or not.

    With a pending notice if the process that it knew is gone, or may be.
    """
    same = held.kernel_id == sighting.kernel_id
    pending_notice = held.pending_notice
    if held.kernel_id is None or held.generation is None:
        pass  # it had none; or it was told of the loss, and may have another kernel since
    elif not same:
        pending_notice = "kernel_restarted"
    elif held.counted_by == PROCESS:
        if sighting.generation < held.generation:
            return held  # another call has seen more meanwhile
        if sighting.generation > held.generation:
            pending_notice = "kernel_restarted"
    elif held.process is None or sighting.process is None:
        # The kernel outlived the process of jmcp that knew it, and does not say which it is.
        pending_notice = "kernel_uncertain"
    elif held.process != sighting.process:
        pending_notice = "kernel_restarted"
    kept = after_adoption(held, sighting)
    return replace(
        kept, started_kernel=started or kept.started_kernel, pending_notice=pending_notice
    )


def after_adoption(held: HeldNotebook, sighting: KernelSighting) -> HeldNotebook:
    """What the session knows once it takes the kernel as it is. It is told of no earlier loss."""
    return replace(
        held,
        kernel_id=sighting.kernel_id,
        generation=sighting.generation,
        process=sighting.process,
        counted_by=PROCESS,
        started_kernel=held.started_kernel and held.kernel_id == sighting.kernel_id,
        pending_notice=None,
    )


def after_restart(held: HeldNotebook, sighting: KernelSighting) -> HeldNotebook:
    """What the session knows once the kernel was restarted for it: that its variables are gone, in
    case the call that asked for it does not come to say so."""
    return replace(after_adoption(held, sighting), pending_notice="kernel_restarted")


def after_loss(held: HeldNotebook, run: Run) -> HeldNotebook:
    """What the session knows once the process is gone that the run was in, or was written for."""
    if held.kernel_id != run.request.kernel_id or held.generation is None:
        return held
    # One that never began was written for a process that is gone.
    generation = run.generation or run.request.generation or held.generation
    if held.counted_by == PROCESS and generation < held.generation:
        return held
    return replace(held, generation=None, pending_notice="kernel_restarted")


def after_run(held: HeldNotebook, run: Run) -> HeldNotebook:
    """What the session knows once it sees in which process the run was."""
    if (
        held.kernel_id != run.request.kernel_id
        or held.generation is None
        or held.counted_by != PROCESS
    ):
        return held
    if run.generation <= held.generation:
        return held
    return replace(held, generation=run.generation, process=None, pending_notice="kernel_restarted")
