"""Restarting the kernel of a notebook, for the tools that do."""

from __future__ import annotations

from jmcp.core.notices import RunDroppedByRestart, RunsDropped
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_handlers.support.confirmation import check_others


async def restart(notebook: Notebook, session: Session, *, confirmed: bool) -> str | None:
    """Restart the notebook's kernel and drop what waits for it, which the result then says.

    Returns the kernel's id; None where no kernel has been started yet. Raises confirmation_required
    where others run code there and nobody has confirmed it, and what keeps the kernel from starting
    again.
    """
    kernel_id = await notebook.kernel.known()
    if kernel_id is None:
        return None
    await check_others(
        notebook, kernel_id, session, action=phrases.restarting(), confirmed=confirmed
    )
    # Code that waits was written for variables that are about to go.
    dropped = await notebook.kernel.drop_runs(kernel_id, RunDroppedByRestart())
    if dropped:
        session.notice(RunsDropped(count=dropped))
    return await notebook.kernel.restart() or kernel_id
