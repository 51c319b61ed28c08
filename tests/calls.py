"""Short ways to call tools through a dispatcher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from tests.typed import filled

ALICE = Caller(owner="alice", authenticated=True)
BOB = Caller(owner="bob", authenticated=True)


class Calls:
    """What tests ask of a jmcp, whatever its dispatcher works on. Calls are ALICE's by default."""

    dispatcher: Dispatcher

    async def outcome(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> Outcome:
        """Its result as a typed client has it."""
        made = await self.dispatcher.call(tool, arguments, caller)
        if made.result is None:
            return made
        return replace(made, result=filled(tool, made.result, arguments))

    async def call(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        outcome = await self.outcome(tool, caller, **arguments)
        assert outcome.result is not None, outcome.text
        return outcome.result

    async def fail(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> dict[str, Any]:
        """The error of a call that has to fail: its code, message and details."""
        outcome = await self.outcome(tool, caller, **arguments)
        assert outcome.error is not None, (tool, arguments, outcome.text)
        return outcome.error.payload()

    async def open(self, path: str, caller: Caller = ALICE, /, **arguments: Any) -> str:
        """Open a notebook; returns the session's id."""
        opened = await self.call("use_notebook", caller, notebook_path=path, **arguments)
        return str(opened["session_id"])
