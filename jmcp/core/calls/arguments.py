"""Arguments as they arrive, made into params: synonyms, presets, the strict model, exactly-one."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import ValidationError

from jmcp.core.calls.model import Params
from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ToolError

MAX_PROBLEMS = 5
"""Problems that one message lists; more would bury the first."""


class Arguments:
    """Decodes the arguments of tools; `invalid` is the spec's invalid_arguments."""

    def __init__(self, invalid: type[ToolError]) -> None:
        self._invalid = invalid

    def decode(self, tool: Tool, raw: dict[str, Any]) -> Params:
        """The tool's params. Raises invalid_arguments, which names every problem and the limit."""
        arguments = self._named(tool, raw)
        try:
            params = tool.params.model_validate(arguments)
        except ValidationError as error:
            problems = [self._problem(tool, item) for item in error.errors(include_url=False)]
            raise self._refusal(tool, problems) from error
        for group in tool.exactly_one:
            given = [name for name in group if name in arguments]
            if len(given) != 1:
                wanted = " or ".join(group)
                fact = f"{' and '.join(given)} were both given" if given else "neither was given"
                raise self._refusal(tool, [f"give exactly one of {wanted}: {fact}"])
        return params

    def _named(self, tool: Tool, raw: dict[str, Any]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        known = tool.params.model_fields
        for given, value in raw.items():
            if given == "session_id" and tool.session == "none" and given not in known:
                # Clients are told to pass it on every call; these tools have no use for it.
                continue
            name = tool.synonyms.get(given, given)
            # A param of the same name as a synonym is the param: `path` in list_files.
            if given in known:
                name = given
            if name in named:
                raise self._refusal(tool, [f"{given} means {name}, and both were given"])
            named[name] = value
        return named

    def _problem(self, tool: Tool, item: Any) -> str:
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = list(tool.params.model_fields)
            near = difflib.get_close_matches(where, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
            return f"{where} is not an argument of {tool.name}; {hint}"
        if item["type"] == "missing":
            return f"{where} is required"
        message = str(item["msg"]).removeprefix("Value error, ")
        return f"{where}: {message}" if where else message

    def _refusal(self, tool: Tool, problems: list[str]) -> ToolError:
        shown = "; ".join(problems[:MAX_PROBLEMS])
        more = len(problems) - MAX_PROBLEMS
        tail = f"; and {more} more" if more > 0 else ""
        message = f"{tool.name}: {shown}{tail}"
        stop = "" if message.endswith((".", "?")) else "."
        return self._invalid(message + stop, problems=problems)
