"""What the sessions and notebooks of one server work with, while a call uses them."""

from __future__ import annotations

from dataclasses import dataclass

from jmcp.core.activity.activity import Activity
from jmcp.core.calls.drain import DrainGate
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import Policy
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.kernels.healing import Healing
from jmcp.core.kernels.scratch import ScratchKernels
from jmcp.core.lab_pages import LabPages
from jmcp.core.pages.pages import Pages
from jmcp.core.person.pauses import Pauses
from jmcp.core.ports import Kernels
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.sessions.notices.undelivered import UndeliveredNotices
from jmcp.core.sessions.open_tabs import OpenTabs
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.core.sessions.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once for each server. Handlers get none of it: they have `Session`, `Notebook` and
    `Workspace`."""

    policy: Policy
    permissions: Permissions
    leases: Leases
    kernels: Kernels
    scratch: ScratchKernels
    runs: RunRegistry
    sessions: Sessions
    healing: Healing
    gate: DrainGate
    readings: Readings
    undelivered: UndeliveredNotices
    tabs: OpenTabs
    lab: LabPages
    pages: Pages | None
    activity: Activity
    pauses: Pauses
