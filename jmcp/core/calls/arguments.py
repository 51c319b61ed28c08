"""Arguments of a call made into the params of its tool: synonyms and presets applied, checked
against the model, groups of alternatives checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from jmcp.core.calls.model import REPEATS, Params
from jmcp.core.calls.tool import Api, Policy, Tool
from jmcp.core.errors import ToolError

MAX_PROBLEMS = 5
"""Problems that one message lists; more would bury the first."""
MAX_LISTED_PROBLEMS = 50
"""Problems that the details list: a request may have a hundred thousand unknown arguments."""
LONGEST_NAME_CHARACTERS = 100
"""Characters up to which a name is compared with known ones: a longer one is no misspelling."""
OF_SESSION = frozenset({"session_id", "notebook_path", "notebook_name"})
"""Arguments of session tools, which clients may give to any tool: a tool without a session ignores
them."""


@cache
def _lists(params: type[Params]) -> frozenset[str]:
    """The params that take several values."""
    return frozenset(
        name
        for name, field in params.model_fields.items()
        if any(get_origin(one) is list for one in (field.annotation, *get_args(field.annotation)))
    )


def unknown_tool(name: str, known: Iterable[str], api: Api) -> str:
    """The message for a call of a tool that is not among the known ones."""
    phrases, near = api.policy.phrases, []
    if name in api.tools and name not in known:
        return phrases.tool_not_shown(name=name, toolset=api.tools[name].toolset)
    if len(name) <= LONGEST_NAME_CHARACTERS:
        near = difflib.get_close_matches(name, sorted(known), n=1)
    if near:
        return phrases.tool_misspelt(name=name, near=near[0])
    return phrases.tool_unknown(name=name[:LONGEST_NAME_CHARACTERS])


class Arguments:
    """Decodes the arguments of tools."""

    def __init__(self, policy: Policy) -> None:
        self._invalid = policy.errors.invalid_arguments
        self._phrases = policy.phrases

    def decode(self, tool: Tool, raw: dict[str, Any]) -> Params:
        """The tool's params. Raises invalid_arguments, which names every problem and the limit."""
        arguments = tool.params.given(self._named(tool, raw))
        try:
            params = tool.params.model_validate(arguments)
        except ValidationError as error:
            found = error.errors(include_url=False)
            problems = [self._problem(tool, item) for item in found[:MAX_LISTED_PROBLEMS]]
            raise self._refusal(tool, problems, len(found)) from error
        for group in tool.either:
            if not any(name in arguments for name in group):
                raise self._refusal(tool, [self._phrases.none_of(names=group)])
        return params

    def _named(self, tool: Tool, raw: dict[str, Any]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        known = tool.params.model_fields
        if len(raw) > len(known) + len(tool.synonyms) + MAX_LISTED_PROBLEMS:
            raise self._too_many(tool, raw)
        for given, value in raw.items():
            # Clients are told to pass a session on every call; some tools have no use for it.
            useless = tool.session == "none" and given in OF_SESSION - tool.synonyms.keys()
            if given not in known and (useless or given in tool.ignored):
                continue
            # A param of the same name as a synonym is the param: `path` in list_files.
            name = given if given in known else tool.synonyms.get(given, given)
            if name != given and name in _lists(tool.params) and not isinstance(value, list | None):
                value = [value]  # older servers took one
            if value is None and name in known:
                continue  # not given, whatever else names it
            if name in named:
                problem = self._phrases.argument_twice(given=given, name=name)
                raise self._refusal(tool, [problem])
            named[name] = value
        return named

    def _too_many(self, tool: Tool, raw: dict[str, Any]) -> ToolError:
        """The refusal of arguments most of which are unknown, without a look at their values.

        pydantic would make an error of each, which takes seconds for what fits into a request.
        """
        known = {*tool.params.model_fields, *tool.synonyms, "session_id"}
        unknown = [name for name in raw if name not in known]
        problems = [self._unknown(tool, name) for name in unknown[:MAX_LISTED_PROBLEMS]]
        return self._refusal(tool, problems, len(unknown))

    def _unknown(self, tool: Tool, name: str) -> str:
        known = list(tool.params.model_fields)
        near = []
        if len(name) <= LONGEST_NAME_CHARACTERS:
            near = difflib.get_close_matches(name, known, n=1)
        if near:
            return self._phrases.argument_misspelt(name=name, tool=tool.name, near=near[0])
        return self._phrases.argument_unknown(name=name, tool=tool.name, known=known)

    def _problem(self, tool: Tool, item: Any) -> str:
        where, phrases = ".".join(str(part) for part in item["loc"]), self._phrases
        if item["type"] == "extra_forbidden":
            return self._unknown(tool, where)
        if item["type"] == "missing":
            return phrases.argument_required(name=where)
        if item["type"] == REPEATS:
            return phrases.argument_repeats(name=where)
        reason = str(item["msg"])
        return phrases.argument_refused(name=where, reason=reason) if where else reason

    def _refusal(self, tool: Tool, problems: list[str], count: int = 0) -> ToolError:
        """The error with these problems, of `count` if there are more than these."""
        shown = "; ".join(problems[:MAX_PROBLEMS])
        more = max(len(problems), count) - MAX_PROBLEMS
        if more > 0:
            return self._invalid.refused_with_more(
                tool=tool.name, shown=shown, more=more, problems=problems
            )
        stop = "" if shown.endswith((".", "?")) else "."
        return self._invalid.refused(tool=tool.name, shown=shown + stop, problems=problems)
