"""Listing the variables of a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp.core.errors import KernelMissing
from jmcp.core.ports import Reply
from jmcp.core.runs.execution.questions import Occupied
from jmcp.core.sessions.session import Session
from jmcp_api import limits, phrases
from jmcp_api.backend_errors import KernelDown
from jmcp_api.errors import KernelBusy, KernelUnable, NoKernel
from jmcp_api.models import ListVariablesParams, Variable, VariableList
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.pages import rest_of
from jmcp_handlers.support.variables.question import answered, question

EACH_SECONDS = 0.1
"""For what one variable's own code (`__repr__`, `__len__`, `shape`) takes."""
ALL_SECONDS = 2.0
"""For that of all; from then on variables are listed without it."""
REASON_CHARACTERS = 200
"""Of what a kernel said instead of an answer."""


async def list_variables(params: ListVariablesParams, session: Session) -> VariableList:
    notebook = await session.notebook(params.notebook_path)
    kernel_id = await notebook.kernel.observe()
    if kernel_id is None:
        raise NoKernel.nothing_ran(path=notebook.ref.path)
    expression = question(
        {
            "pattern": params.pattern,
            "type": params.type or None,
            "start": params.start_index,
            "limit": params.limit,
            "each_seconds": EACH_SECONDS,
            "all_seconds": ALL_SECONDS,
        }
    )
    try:
        reply = await notebook.kernel.ask(kernel_id, expression)
    except KernelMissing as error:  # it ended after it was looked up
        raise KernelDown.not_running(kernel_id=kernel_id) from error
    if isinstance(reply, Occupied):
        raise _busy(reply, session)
    found = await _listing(reply, kernel_id, session)
    variables = _fitting([Variable(**row) for row in found["variables"]])
    total, start = found["total"], params.start_index
    return VariableList(
        total=total,
        start_index=start,
        variables=variables,
        more=rest_of(total, start, len(variables)),
    )


def _busy(occupied: Occupied, session: Session) -> KernelBusy:
    run = occupied.run
    if run is None:
        return KernelBusy.somebody(execution_id=None)
    if session.execution(run.execution_id) is None:
        return KernelBusy.other_session(execution_id=None, seconds=run.seconds)
    return KernelBusy.own_run(
        code=first_line(run.request.code), seconds=run.seconds, execution_id=run.execution_id
    )


async def _listing(reply: Reply, kernel_id: str, session: Session) -> Mapping[str, Any]:
    """Raises kernel_busy, kernel_unable, KernelDown."""
    if reply.status == "lost":
        raise KernelDown.died_before_answer()
    answer = reply.answer or {}
    if reply.status != "ok" or answer.get("ename") == "KeyboardInterrupt":
        raise KernelBusy.interrupted(execution_id=None)
    reason = phrases.no_answer_to_question()
    if answer.get("status") == "error":
        reason = f"{answer.get('ename')}: {answer.get('evalue')}"[:REASON_CHARACTERS]
    elif answer:
        try:
            return answered(str(answer.get("data", {}).get("text/plain")))
        except ValueError as error:
            reason = str(error)[:REASON_CHARACTERS]
    kernel = await session.workspace.kernel(kernel_id)
    name = kernel.kernel_name if kernel is not None else None
    raise KernelUnable.list_variables(kernel_name=name or kernel_id, reason=reason)


def _fitting(variables: list[Variable]) -> list[Variable]:
    """Those from the first on that fit into one result; at least one."""
    left = limits.RESULT_CHARACTERS
    for count, one in enumerate(variables):
        left -= len(one.model_dump_json(exclude_none=True))
        if left < 0 and count:
            return variables[:count]
    return variables
