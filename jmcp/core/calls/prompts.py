"""What a client offers its user to begin with: prompts, and what is rendered of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jmcp.core.calls.rendering import DataEnvironment

Completes = Literal["notebook", "cell", "output", "mime_type"]
"""What a value names, so that a client can complete it."""
CITED = "cited"
"""What the template of a prompt calls the text of the tool that it cites."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArgument:
    """What a user gives for a prompt, as text."""

    name: str
    description: str
    required: bool
    completes: Completes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt. `text` is its template. With `cites`, the text of that tool is in it, called with
    the arguments that `citing` names for the tool's params."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    cites: str | None
    citing: Mapping[str, str]
    text: str

    def missing(self, given: Mapping[str, str]) -> list[str]:
        """The arguments that have to be given and are not."""
        return [one.name for one in self.arguments if one.required and not given.get(one.name)]

    def unknown(self, given: Mapping[str, str]) -> list[str]:
        """What is given and is no argument."""
        return sorted(given.keys() - {one.name for one in self.arguments})

    def citation(self, given: Mapping[str, str]) -> dict[str, str]:
        """The arguments of the tool that it cites."""
        return {param: given[name] for param, name in self.citing.items() if given.get(name)}

    def rendered(self, given: Mapping[str, str], cited: str | None) -> str:
        """The text for these arguments."""
        environment = DataEnvironment(autoescape=False, trim_blocks=True, lstrip_blocks=True)
        return environment.from_string(self.text).render({**given, CITED: cited}).strip()
