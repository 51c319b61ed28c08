"""Seeing and controlling kernels."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from jmcp.core.errors import BackendError
from jmcp.core.notices import InterruptedUnsent
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_api.enums import KernelOutcome
from jmcp_api.errors import ExecutionNotFound, NoKernel
from jmcp_api.models import (
    InterruptKernelParams,
    KernelAction,
    KernelList,
    KernelRow,
    KernelspecRow,
    ListKernelsParams,
    RestartNotebookParams,
)
from jmcp_handlers.support.restarts import restart

Private = Mapping[str, tuple[SessionRecord, HeldNotebook]]
"""The private kernels of sessions, by kernel id."""


async def restart_notebook(params: RestartNotebookParams, session: Session) -> KernelAction:
    notebook = await session.notebook(params.notebook_path)
    kernel_id = await restart(notebook, session, confirmed=params.confirm)
    if kernel_id is None:
        raise NoKernel.nothing_ran(path=notebook.ref.path)
    return await _action("restarted", kernel_id, session.workspace)


async def interrupt_kernel(params: InterruptKernelParams, session: Session) -> KernelAction:
    notebook = await session.notebook(params.notebook_path)
    if params.execution_id is not None:
        return await _interrupt_run(params.execution_id, notebook, session)
    waited = await notebook.kernel.interrupt_waiting()
    if waited:  # for a kernel that starts all the same
        kernel_name = (await notebook.read()).kernelspec()
        kernel_id = await notebook.kernel.ready(kernel_name, on_notice=session.notice)
    else:
        kernel_id = await _kernel_of(notebook)
    try:
        interrupted = await notebook.kernel.interrupt(kernel_id) or waited
    except KernelMissing as error:  # it ended after it was looked up
        raise KernelDown.not_running(kernel_id=kernel_id) from error
    action: KernelOutcome = "interrupted" if interrupted else "already_idle"
    return await _action(action, kernel_id, session.workspace)


async def _interrupt_run(execution_id: str, notebook: Notebook, session: Session) -> KernelAction:
    """End that run alone: what others run before it goes on."""
    entry = session.execution(execution_id)
    if entry is None:
        raise ExecutionNotFound.unknown(execution_id=execution_id)
    kernel_id = await notebook.kernel.known() or ""
    action: KernelOutcome = "already_idle" if entry.done else "interrupted"
    runs: list[Run] = []
    if isinstance(entry, Batch):
        await entry.stop()
        runs = [step.run for step in entry.request.steps if step.run is not None]
    else:
        runs = [entry]
    try:
        for run in runs:
            if not run.done:
                await session.withdraw(run, InterruptedUnsent())
    except KernelMissing as error:
        raise KernelDown.not_running(kernel_id=kernel_id) from error
    return await _action(action, kernel_id, session.workspace)


async def list_kernels(params: ListKernelsParams, workspace: Workspace) -> KernelList:
    kernels = await workspace.kernels()
    specs, default = await workspace.kernelspecs()
    private = await workspace.private_kernels(*(one.kernel_id for one in kernels))
    return KernelList(
        kernels=[
            KernelRow(
                kernel_id=kernel.kernel_id,
                kernel_name=kernel.kernel_name,
                display_name=kernel.display_name,
                language=kernel.language,
                state=kernel.state,
                connections=kernel.connections,
                last_activity=kernel.last_activity,
                notebook_path=kernel.notebook_path or _path(kernel.kernel_id, private),
            )
            for kernel in kernels
            if _visible(kernel.kernel_id, private, workspace)
        ],
        kernelspecs=[
            KernelspecRow(
                kernel_name=spec.name,
                display_name=spec.display_name,
                language=spec.language,
                default=spec.name == default,
            )
            for spec in specs
        ],
    )


def _visible(kernel_id: str, private: Private, workspace: Workspace) -> bool:
    """Whether the caller may know of the kernel: another owner's private kernel is hidden."""
    if workspace.is_scratch(kernel_id):
        return False
    holder = private.get(kernel_id)
    return holder is None or holder[0].owner == workspace.caller.owner


def _path(kernel_id: str, private: Private) -> str | None:
    """The notebook that a private kernel serves, of which Jupyter does not know."""
    holder = private.get(kernel_id)
    return holder[1].ref.path if holder is not None else None


async def _kernel_of(notebook: Notebook) -> str:
    kernel_id = await notebook.kernel.known()
    if kernel_id is None:
        raise NoKernel.nothing_ran(path=notebook.ref.path)
    return kernel_id


async def _action(
    action: KernelOutcome,
    kernel_id: str,
    workspace: Workspace,
) -> KernelAction:
    info = None
    with suppress(BackendError):  # what was done is said, also where nobody describes the kernel
        info = await workspace.kernel(kernel_id)
    return KernelAction(
        action=action,
        kernel_id=kernel_id,
        kernel_name=info.kernel_name if info else "",
        state=info.state if info else "unknown",
    )
