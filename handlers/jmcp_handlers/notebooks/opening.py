"""How a session comes to hold a notebook, and which kernelspec a new one is made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from jmcp.core.ports import Kernelspec, NotebookRef
from jmcp.core.sessions.records import HeldNotebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.backend_errors import KernelspecMissing
from jmcp_api.enums import OpeningAction
from jmcp_api.models import UseNotebookParams
from jmcp_handlers.notebooks.kernel_choice import asked


def hold(params: UseNotebookParams, session: Session, ref: NotebookRef) -> OpeningAction:
    """Make a notebook the session's current one, as a call asks for it; says what that did."""
    before = session.record.notebooks.get(ref.key)
    action: OpeningAction = "opened"
    if params.mode == "create":
        action = "created"
    elif before is not None:
        action = "reused" if session.record.current == ref.key else "switched"
    held = before or HeldNotebook(ref=ref, name=PurePosixPath(ref.path).stem)
    held = replace(
        held,
        ref=ref,
        name=params.notebook_name or held.name,
        kernel_name=params.kernel_name or held.kernel_name,
        auto_heal=asked(params, "auto_heal", held.auto_heal),
    )
    session.hold(held)
    return action


async def known_specs(
    kernel_name: str | None, workspace: Workspace
) -> tuple[Mapping[str, Kernelspec], str]:
    """All kernelspecs by name, and the name of the default one. Raises KernelspecMissing where the
    one that a call names is none of them."""
    specs, default = await workspace.kernelspecs()
    known = {spec.name: spec for spec in specs}
    if kernel_name is not None and kernel_name not in known:
        raise KernelspecMissing.not_installed(kernel_name=kernel_name, installed=list(known))
    return known, default
