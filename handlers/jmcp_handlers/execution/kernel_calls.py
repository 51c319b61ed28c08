"""Code that a kernel evaluates for a handler, without a trace in its variables and its history."""

from __future__ import annotations

from typing import Any

from jmcp.core.errors import KernelMissing
from jmcp.core.ports import Reply
from jmcp.core.runs.execution.questions import Occupied
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelDown
from jmcp_api.errors import KernelBusy, NoKernel
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.kernel_expression import decoded, expression


class KernelCallError(Exception):
    """The kernel could not do it: what was raised there, or why its answer cannot be read.

    `ename` is the name of the exception; empty where none was raised.
    """

    def __init__(self, kernel_id: str, ename: str, evalue: str) -> None:
        super().__init__(f"{ename}: {evalue}" if ename else evalue)
        self.kernel_id, self.ename, self.evalue = kernel_id, ename, evalue


async def call_in_kernel(
    session: Session,
    notebook: Notebook,
    source: str,
    *,
    function: str,
    asked: Any,
    module: str = "jmcp_call",
) -> Any:
    """What a function of that Python source returns in the notebook's kernel, which has to be Python.

    The function gets the kernel's variables, as a dict, and `asked` as a JSON text; it returns a JSON
    text, which is decoded here. The source runs apart from the variables, as `module`; it may import
    what is installed there, and takes no longer than it has to: nobody runs anything meanwhile.

    Raises no_kernel, kernel_busy, KernelDown, and KernelCallError for what the function raises.
    """
    kernel_id = await notebook.kernel.observe()
    if kernel_id is None:
        raise NoKernel.nothing_ran(path=notebook.ref.path)
    code = expression(source, function=function, asked=asked, module=module)
    try:
        reply = await notebook.kernel.ask(kernel_id, code)
    except KernelMissing as error:  # it ended after it was looked up
        raise KernelDown.not_running(kernel_id=kernel_id) from error
    if isinstance(reply, Occupied):
        raise _busy(reply, session)
    return _answer(reply, kernel_id)


def _busy(occupied: Occupied, session: Session) -> KernelBusy:
    run = occupied.run
    if run is None:
        return KernelBusy.somebody(execution_id=None)
    if session.execution(run.execution_id) is None:
        return KernelBusy.other_session(execution_id=None, seconds=run.seconds)
    return KernelBusy.own_run(
        code=first_line(run.request.code), seconds=run.seconds, execution_id=run.execution_id
    )


def _answer(reply: Reply, kernel_id: str) -> Any:
    if reply.status == "lost":
        raise KernelDown.died_before_answer()
    answer = reply.answer or {}
    if reply.status != "ok" or answer.get("ename") == "KeyboardInterrupt":
        raise KernelBusy.interrupted(execution_id=None)
    if answer.get("status") == "error":
        raise KernelCallError(kernel_id, str(answer.get("ename")), str(answer.get("evalue")))
    if not answer:
        raise KernelCallError(kernel_id, "", phrases.no_answer_to_question())
    try:
        return decoded(str(answer.get("data", {}).get("text/plain")))
    except ValueError as error:
        raise KernelCallError(kernel_id, "", str(error)) from error
