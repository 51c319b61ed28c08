"""Calls that end the code of others, and ask before they do."""

from __future__ import annotations

from jmcp.core.calls.confirmation import listed, marks, rows
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.errors import ConfirmationRequired


async def check_others(
    notebook: Notebook, kernel_id: str, session: Session, *, action: str, confirmed: bool
) -> None:
    """Refuse to end what others run in that kernel, unless the call says so or the person at the
    client was asked about it and agreed.

    `action` is what would end it. Raises confirmation_required.
    """
    if confirmed:
        return
    found = rows(await notebook.kernel.occupants(kernel_id), phrases)
    if marks(found) <= session.workspace.caller.confirmed:
        return
    raise ConfirmationRequired.others_run(
        action=action, path=notebook.ref.path, others=listed(found, phrases), runs=found
    )
