"""Listing the variables of a kernel."""

from __future__ import annotations

from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.errors import KernelUnable
from jmcp_api.models import ListVariablesParams, Variable, VariableList
from jmcp_handlers.execution.kernel_calls import KernelCallError, call_in_kernel
from jmcp_handlers.support.pages import rest_of
from jmcp_handlers.support.variables.question import FUNCTION, MODULE, checked, source

EACH_SECONDS = 0.1
"""For what one variable's own code (`__repr__`, `__len__`, `shape`) takes."""
ALL_SECONDS = 2.0
"""For that of all; from then on variables are listed without it."""
REASON_CHARACTERS = 200
"""Of what a kernel said instead of an answer."""


async def list_variables(params: ListVariablesParams, session: Session) -> VariableList:
    notebook = await session.notebook(params.notebook_path)
    asked = {
        "pattern": params.pattern,
        "type": params.type or None,
        "start": params.start_index,
        "limit": params.limit,
        "each_seconds": EACH_SECONDS,
        "all_seconds": ALL_SECONDS,
    }
    try:
        answer = await call_in_kernel(
            session, notebook, source(), function=FUNCTION, asked=asked, module=MODULE
        )
    except KernelCallError as error:
        kernel = await session.workspace.kernel(error.kernel_id)
        name = kernel.kernel_name if kernel is not None else None
        raise KernelUnable.list_variables(
            kernel_name=name or error.kernel_id, reason=str(error)[:REASON_CHARACTERS]
        ) from error
    found = checked(answer)
    shown = _fitting([Variable(**row) for row in found["variables"]])
    total, start = found["total"], params.start_index
    return VariableList(
        total=total,
        start_index=start,
        variables=shown,
        more=rest_of(total, start, len(shown)),
    )


def _fitting(variables: list[Variable]) -> list[Variable]:
    """Those from the first on that fit into one result; at least one."""
    left = limits.RESULT_CHARACTERS
    for count, one in enumerate(variables):
        left -= len(one.model_dump_json(exclude_none=True))
        if left < 0 and count:
            return variables[:count]
    return variables
