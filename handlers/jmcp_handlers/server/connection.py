"""How jmcp is connected, and what of that does not answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from importlib.metadata import version
from typing import TypeVar

from jmcp.core.errors import BackendError, ToolError
from jmcp.core.ports import KernelInfo, NotebookRef
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import phrases
from jmcp_api.enums import ConnectionPart
from jmcp_api.models import (
    ConnectionProblem,
    ConnectionStatus,
    DebugConnectionStatusParams,
    NotebookStatus,
)
from jmcp_api.sessions import POLICY

PART_SECONDS = 5.0
"""Each part has so long to answer."""
TIMED_OUT = "timed_out"
_CREDENTIALS = re.compile(r"(?i)((?:token|password|code)=)[^&\s'\"]+|(?<=//)[^/@\s]+@")
"""What no sentence about an address should have; it is taken out all the same."""

T = TypeVar("T")


async def debug_connection_status(
    params: DebugConnectionStatusParams, workspace: Workspace
) -> ConnectionStatus:
    found = _Problems()
    documents_url, kernels_url = workspace.urls
    sharing = await found.answer("jupyter", workspace.sharing())
    running = await found.answer("kernels", workspace.kernels())
    records = await found.answer("sessions", workspace.sessions(None))
    record = _chosen(records or (), params.session_id)
    if record is None and records is not None and params.session_id is not None:
        await workspace.sessions(params.session_id)  # which says that there is none
    held = record.notebooks.get(record.current or "") if record is not None else None
    notebook = None
    if params.notebook_path is not None:
        notebook = await _at_path(params.notebook_path, record, running or (), workspace, found)
    elif held is not None:
        notebook = await _held(held, running or (), workspace, found)
    return ConnectionStatus(
        version=version("jmcp"),
        place="inside" if workspace.inside else "remote",
        jupyter_url=documents_url,
        kernels_url=kernels_url if kernels_url != documents_url else None,
        answers=sharing is not None,
        jupyter_version=sharing.version if sharing is not None else None,
        documents=sharing.mode if sharing is not None else None,
        provider=sharing.provider if sharing is not None else None,
        kernels=len(running) if running is not None else None,
        sessions=len(records) if records is not None else None,
        notebook=notebook,
        problems=found.problems,
    )


class _Problems:
    """What did not answer."""

    def __init__(self) -> None:
        self.problems: list[ConnectionProblem] = []

    async def answer(self, part: ConnectionPart, question: Awaitable[T]) -> T | None:
        """The answer; None where there is none, with the reason among the problems."""
        try:
            async with asyncio.timeout(PART_SECONDS):
                return await question
        except TimeoutError:
            self._add(part, TIMED_OUT, phrases.no_answer_of_part(seconds=PART_SECONDS))
        except ToolError as error:
            self._add(part, error.code, error.message)
        except BackendError as error:
            code = POLICY.backend_errors[error.kind].code
            self._add(part, code, error.message)
        return None

    def _add(self, part: ConnectionPart, code: str, message: str) -> None:
        shown = _CREDENTIALS.sub(lambda match: f"{match[1] or ''}***", message)
        self.problems.append(ConnectionProblem(part=part, code=code, message=shown))


def _chosen(records: Sequence[SessionRecord], session_id: str | None) -> SessionRecord | None:
    """The session that is meant: the one used last comes first."""
    if session_id is None:
        return next(iter(records), None)
    return next((one for one in records if one.session_id == session_id), None)


async def _at_path(
    path: str,
    record: SessionRecord | None,
    running: Sequence[KernelInfo],
    workspace: Workspace,
    found: _Problems,
) -> NotebookStatus:
    ref = await found.answer("notebook", workspace.identify(path))
    if ref is None:
        return NotebookStatus(notebook_path=path, answers=False)
    held = record.notebooks.get(ref.key) if record is not None else None
    return await _status(ref, held, running, workspace, found)


async def _held(
    held: HeldNotebook, running: Sequence[KernelInfo], workspace: Workspace, found: _Problems
) -> NotebookStatus:
    ref = await found.answer("notebook", workspace.current(held.ref.key))
    if ref is None:
        return NotebookStatus(notebook_path=held.ref.path, answers=False)
    return await _status(ref, held, running, workspace, found)


async def _status(
    ref: NotebookRef,
    held: HeldNotebook | None,
    running: Sequence[KernelInfo],
    workspace: Workspace,
    found: _Problems,
) -> NotebookStatus:
    cells = await found.answer("notebook", workspace.glance(ref))
    count = len(cells) if cells is not None else None
    kernel = next((one for one in running if one.notebook_path == ref.path), None)
    if held is not None and held.private:
        kernel = next((one for one in running if one.kernel_id == held.kernel_id), None)
    health = None
    if kernel is not None:
        health = await found.answer("kernel", workspace.health(kernel.kernel_id))
    return NotebookStatus(
        notebook_path=ref.path,
        answers=cells is not None,
        mode=cells.mode if cells is not None else None,
        cell_count=count,
        saved=workspace.save_state(ref.key) if cells is not None else None,
        kernel_id=kernel.kernel_id if kernel is not None else None,
        kernel_state=kernel.state if kernel is not None else None,
        kernel_answers=(health is not None and health.alive) if kernel is not None else None,
    )
