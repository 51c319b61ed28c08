"""Who may come in, of all to whom a provider gives tokens: rules on what a token says of its owner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EMAIL = "email"
VERIFIED = "email_verified"
NO_RULE = (
    "is not CLAIM=VALUE, as in email=*@example.org, groups=data-team or sub=248289761001; * stands for "
    "any characters"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Allows whose token has that claim with that value, or a list with that value in it.

    `claim` is as `claim_of` finds it. In `value`, `*` stands for any characters.
    """

    claim: str
    value: str

    def allows(self, claims: Mapping[str, Any]) -> bool:
        found = claim_of(claims, self.claim)
        values = found if isinstance(found, list) else [found]
        return any(isinstance(one, str) and self._matches(one) for one in values)

    def _matches(self, value: str) -> bool:
        pattern = ".*".join(re.escape(part) for part in self.value.split("*"))
        flags = re.DOTALL | (re.IGNORECASE if self.claim == EMAIL else 0)
        return re.fullmatch(pattern, value, flags) is not None


def rule(text: str) -> Rule:
    """The rule that a person wrote. Raises ValueError, whose text follows the name of the option."""
    claim, equals, value = (part.strip() for part in text.partition("="))
    if not claim or not equals or not value:
        raise ValueError(f"{text!r} {NO_RULE}")
    return Rule(claim=claim, value=re.sub(r"\*+", "*", value))


def check_rule(text: str) -> None:
    """Raises ValueError for what is not a rule."""
    rule(text)


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of that name, else what lies within objects where its dots lead; None without one.

    Names with dots in them exist too: some providers have URLs as names. An e-mail address counts only
    where the token says that it was verified: else people would come in, or be taken for somebody else,
    by writing that one's into their account.
    """
    if name == EMAIL and claims.get(VERIFIED) not in (True, "true"):
        return None
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
