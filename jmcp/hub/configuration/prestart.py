"""Servers of named users that start before they are asked for.

JupyterHub binds a server to its user when it starts, so that no server can wait for whoever comes
first. What can be known is who comes: these start with the Hub, and again at fixed times.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from traitlets.config import Config

from jmcp.hub.configuration.given import ConfigurationConflict
from jmcp.hub.configuration.services import put_service_with_role

SERVICE = "jmcp-prestart"
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def put_prestart(c: Config, users: Sequence[str], times: Sequence[str]) -> None:
    """Add the service. It may start the servers of these users, and do nothing else."""
    if not users:
        return
    if isinstance(users, str) or isinstance(times, str):
        raise ConfigurationConflict("prestart and prestart_at are lists: prestart=['ada', 'grace']")
    for time in times:
        if not TIME.fullmatch(time):
            raise ConfigurationConflict(
                f"prestart_at has {time!r}; write a time of the day, as in 07:30"
            )
    command = [sys.executable, "-m", "jmcp.hub.configuration.prestart_service"]
    command += [f"--user={name}" for name in users] + [f"--at={time}" for time in times]
    scopes = [f"start:servers!user={name}" for name in users]
    why = "it starts the servers of the users in prestart="
    put_service_with_role(c, name=SERVICE, command=command, scopes=scopes, why=why)
