"""Requirements as a call may give them: names of packages, with versions, extras, markers, URLs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jmcp_api.errors import InvalidArguments

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SHOWN_CHARACTERS = 100
"""Characters of a wrong requirement in its error."""


def checked(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """The requirements, and the normalised names of their packages. Raises invalid_arguments.

    An option of the installer (`--index-url`) is none, nor is a path or a line of several.
    """
    requirements: list[str] = []
    names: list[str] = []
    for number, text in enumerate(given):
        if bad := _CONTROL.search(text):
            raise _refusal(number, text, f"U+{ord(bad[0]):04X}")
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise _refusal(number, text, str(error)) from error
        requirements.append(text.strip())
        names.append(canonicalize_name(requirement.name))
    return requirements, names


def _refusal(number: int, text: str, reason: str) -> InvalidArguments:
    return InvalidArguments.not_a_requirement(
        number=number,
        text=text[:SHOWN_CHARACTERS],
        reason=reason.partition("\n")[0][:SHOWN_CHARACTERS],
    )
