"""The steps of an interleaving: made of a seed, printed, read again, and independent of each other.

A step says which cell by a fraction of however many there are when it comes to it, so that each list
of steps can be walked, also one from which some were dropped.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST, MOST = 10, 20
AT_ONCE_SHARE = 0.25
SECOND_PERSON_SHARE = 0.2
WEIGHTS: dict[str, dict[str, float]] = {
    "person": {
        "type": 10,
        "keys": 4,
        "insert": 3,
        "move": 3,
        "delete": 2,
        "undo_text": 3,
        "undo_cells": 3,
        "save": 3,
        "run": 1,
        "close": 1,
        "crash": 0.7,
        "reload": 0.15,
        "rename": 0.7,
        "hold": 2,
        "offline": 0.7,
        "back": 3,
    },
    "agent": {
        "read": 6,
        "insert": 4,
        "edit": 5,
        "overwrite": 3,
        "delete": 2,
        "move": 3,
        "execute": 1,
        "undo": 3,
    },
}
"""How often a step is of which kind. `hold` delays what the tab sends and gets, `offline` cuts it off,
`back` ends both; `crash` closes a tab without a word."""
SECOND = frozenset({"type", "insert", "move", "delete", "undo_text", "undo_cells", "save", "close"})
"""What the same person does in another window as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`who` is `person`, `second` (the same person's other window) or `agent`; `at`, `to`: fractions;
    `number` names what is written; `at_once`: the next step does not wait for the end of this."""

    number: int
    who: str
    what: str
    at: float
    to: float
    at_once: bool

    def __str__(self) -> str:
        joint = " &" if self.at_once else ""
        return f"{self.number} {self.who} {self.what} {self.at:.2f} {self.to:.2f}{joint}"

    @classmethod
    def read(cls, line: str) -> Step:
        """The step that was printed so."""
        number, who, what, at, to, *joint = line.split()
        return cls(
            number=int(number),
            who=who,
            what=what,
            at=float(at),
            to=float(to),
            at_once=bool(joint),
        )


def steps_of(seed: int) -> list[Step]:
    """The steps of a seed, the same on each machine."""
    chance = random.Random(seed)
    return [_step(chance, number) for number in range(chance.randint(FEWEST, MOST))]


def _step(chance: random.Random, number: int) -> Step:
    side = chance.choice(("person", "agent"))
    kinds = WEIGHTS[side]
    [what] = chance.choices(list(kinds), list(kinds.values()))
    second = side == "person" and what in SECOND and chance.random() < SECOND_PERSON_SHARE
    return Step(
        number=number,
        who="second" if second else side,
        what=what,
        at=round(chance.random(), 2),
        to=round(chance.random(), 2),
        at_once=chance.random() < AT_ONCE_SHARE,
    )


def printed(steps: Sequence[Step]) -> str:
    return "\n".join(map(str, steps))


def read(text: str) -> list[Step]:
    return [Step.read(line) for line in text.splitlines() if line.strip()]


def groups(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps that go on at the same time: of each side one, for neither does two things at once."""
    found: list[list[Step]] = []
    open_group = False
    for step in steps:
        if open_group and _go_together([*found[-1], step]):
            found[-1].append(step)
        else:
            found.append([step])
        open_group = step.at_once
    return found


def _go_together(steps: Sequence[Step]) -> bool:
    """Whoever types by keys must keep the cell: other keys would be commands to the notebook. And the
    steps of a person go by a path, which has to be one for all of a group."""
    kept = {"keys", "read", "insert", "edit", "execute"}
    typing = any(step.what == "keys" for step in steps)
    if any(step.what == "rename" for step in steps):
        return False
    return len({step.who for step in steps}) == len(steps) and (
        not typing or all(step.what in kept for step in steps)
    )
