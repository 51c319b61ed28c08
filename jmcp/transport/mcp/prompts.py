"""`prompts/list` and `prompts/get`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from jmcp.core.calls.call import Caller, Calls
from jmcp.core.calls.prompts import Prompt
from jmcp.transport.json_text import expressible
from jmcp.transport.mcp.protocol_errors import refusal

Context = ServerRequestContext[Any, Any]
NAMED_ARGUMENTS = 5
"""Unknown arguments that a refusal names."""
NAME_CHARACTERS = 100
"""Characters of an unknown name that a refusal repeats."""


class Prompts:
    """The prompts of a server, for the caller that `who` makes of a request."""

    def __init__(self, dispatcher: Calls, who: Callable[[Context], Caller]) -> None:
        self._dispatcher = dispatcher
        self._prompts = dispatcher.api.prompts
        self._phrases = dispatcher.api.policy.phrases
        self._who = who

    async def list(self, _: Context, __: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[_entry(one) for one in self._prompts.values()])

    async def get(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """The prompt for these arguments. Raises MCPError for what is wrong with them, and where
        what it cites cannot be had."""
        given = params.arguments or {}
        prompt = self._known(params.name, given)
        cited = None
        if prompt.cites is not None:
            outcome = await self._dispatcher.call(
                prompt.cites, prompt.citation(given), self._who(context)
            )
            if outcome.error is not None:
                raise refusal(outcome.error)
            cited = outcome.text
        text = expressible(prompt.rendered(given, cited))
        content = types.TextContent(type="text", text=text)
        message = types.PromptMessage(role="user", content=content)
        return types.GetPromptResult(description=prompt.description, messages=[message])

    def _known(self, name: str, given: dict[str, str]) -> Prompt:
        prompt = self._prompts.get(name)
        if prompt is None:
            known = list(self._prompts)
            text = self._phrases.prompt_unknown(name=name[:NAME_CHARACTERS], known=known)
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        if missing := prompt.missing(given):
            text = self._phrases.prompt_lacks(name=name, missing=missing)
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        if unknown := prompt.unknown(given):
            named = [one[:NAME_CHARACTERS] for one in unknown[:NAMED_ARGUMENTS]]
            known = [one.name for one in prompt.arguments]
            text = self._phrases.prompt_knows(name=name, known=known, given=named)
            raise MCPError(code=types.INVALID_PARAMS, message=text)
        return prompt


def _entry(prompt: Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            types.PromptArgument(
                name=one.name, description=one.description, required=one.required or None
            )
            for one in prompt.arguments
        ],
    )
