"""What callers may do: their own scopes, within what this server allows anybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypedDict

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import LEVELS, SCOPES, Scope
from jmcp.core.calls.tool import Api, Tool
from jmcp.core.sessions.records import SessionRecord


class Allowed(TypedDict):
    """What a caller who was refused something may do."""

    tools: Sequence[str]
    scopes: Sequence[str]


READ_ONLY: frozenset[Scope] = frozenset(("read",))


class Permissions:
    """A gate for the scopes of callers and the switches of a server. It is asked first, because it
    costs nothing.

    `read_only` takes all scopes but read from every caller. If `allow` names tools, only those can
    be called; those in `deny` never can. A tool's name covers its aliases too. Raises ValueError
    for a tool that the API does not have, unless it may be one of a toolset that is left out.
    """

    def __init__(
        self,
        api: Api,
        *,
        read_only: bool = False,
        allow: Collection[str] = (),
        deny: Collection[str] = (),
    ) -> None:
        unknown = sorted({*allow, *deny} - api.tools.keys())
        if unknown and not api.left_out:
            raise ValueError(f"no tool {', '.join(unknown)}; there are: {', '.join(api.tools)}")
        self._policy = api.policy
        self._scopes = READ_ONLY if read_only else SCOPES
        self._allowed = {
            tool.name: tool
            for tool in api.tools.values()
            if (not allow or _names(tool) & {*allow}) and not _names(tool) & {*deny}
        }

    @property
    def read_only(self) -> bool:
        """Whether nobody may change or run anything."""
        return self._scopes == READ_ONLY

    def may(self, caller: Caller, scope: Scope) -> bool:
        """Whether the caller's scopes and this server's have that one."""
        return scope in caller.scopes & self._scopes

    def tools(self, scopes: frozenset[Scope]) -> list[str]:
        """What somebody with those scopes may call, in the order of the spec."""
        effective = scopes & self._scopes
        return [name for name, tool in self._allowed.items() if tool.scope in effective]

    def admit(self, tool: Tool, caller: Caller) -> None:
        """Raises not_permitted."""
        if tool.name not in self._allowed:
            raise self._policy.errors.not_permitted.tool(
                tool=tool.name, needs=None, **self._allowed_to(caller)
            )
        self.require(caller, tool.scope, tool.name)

    def admit_session(self, tool: Tool, record: SessionRecord) -> None:
        """Does nothing: every session that a call finds is the caller's own."""

    def require(self, caller: Caller, scope: Scope, what: str) -> None:
        """Raises not_permitted unless the caller may do `what`, which needs that scope."""
        if self.may(caller, scope):
            return
        refusals = self._policy.errors.not_permitted
        if scope not in self._scopes:
            raise refusals.read_only(what=what, needs=scope, **self._allowed_to(caller))
        given = sorted(caller.scopes, key=LEVELS.index)
        raise refusals.scope(what=what, needs=scope, given=given, **self._allowed_to(caller))

    def _allowed_to(self, caller: Caller) -> Allowed:
        scopes = [scope for scope in LEVELS if self.may(caller, scope)]
        return {"tools": self.tools(caller.scopes), "scopes": scopes}


def _names(tool: Tool) -> set[str]:
    return {tool.name, tool.handler}
