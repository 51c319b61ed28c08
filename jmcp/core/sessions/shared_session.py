"""The session that calls without a session_id share, on a server where they do."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # options are read before calls and their sentences are imported
    from jmcp.core.calls.call import Caller

STDIO = "stdio:"
"""How the connection of a client begins that started the server itself and is its only one."""
FIRST_RUN = "first-run"
NOW = "now"
TOLD_CLIENTS = 1000
"""Clients that are remembered as told that their session is shared, the latest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSession:
    """What the shared session of a caller begins with.

    `notebook` is the path of the notebook that is opened in it, None for none. Its `kernel` starts
    with the FIRST_RUN or NOW, unless one runs; anything else is the id of a running kernel.
    """

    notebook: str | None = None
    kernel: str = FIRST_RUN

    @property
    def kernel_id(self) -> str | None:
        """The running kernel that the notebook gets; None for its own."""
        return None if self.kernel in (FIRST_RUN, NOW) else self.kernel


def shared_id(handle: str, caller: Caller) -> str:
    """The id of the caller's shared session: one for all clients of an owner, but one for each
    process that a client started for itself, as several of those may work on one state store."""
    connection = caller.connection or ""
    return f"{handle}-{connection[-8:]}" if connection.startswith(STDIO) else handle


class ToldClients:
    """The clients that know that their session is shared."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str | None], None] = OrderedDict()

    def first(self, caller: Caller) -> bool:
        """Whether this is the caller's first call; from now on it is not."""
        client = (caller.owner, caller.told_apart_by)
        if client in self._told:
            return False
        self._told[client] = None
        if len(self._told) > TOLD_CLIENTS:
            self._told.popitem(last=False)
        return True
