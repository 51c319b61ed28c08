"""A person and an agent in one notebook, in whatever order: nothing that either was told is done is
lost, everybody has the same in the end, and JupyterLab asks nothing."""

from __future__ import annotations

import pytest

from tests.e2e.lab import chromium
from tests.e2e.lab_extension.interleaving.steps import Step, groups, printed, read, steps_of
from tests.e2e.lab_extension.interleaving.walk import Walk
from tests.e2e.lab_extension.interleaving.world import world_on
from tests.served import Served
from tests.thorough import fast_only

FAST = (3, 4, 6, 23, 31, 47)
"""Short ones of every kind, in one window."""
SEEDS = 500
AT_A_TIME = 25
REPLAY = "python -m tests.e2e.lab_extension.interleaving"


@pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "seeds",
    fast_only(
        [FAST, *(range(first, first + AT_A_TIME) for first in range(0, SEEDS, AT_A_TIME))], FAST
    ),
    ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}",
)
async def test_nothing_is_lost_in_any_order(seeds: tuple[int, ...], plain_lab: Served) -> None:
    failed = []
    async with world_on(plain_lab) as world:
        for seed in seeds:
            steps = steps_of(seed)
            walk = Walk(world)
            if faults := await walk(steps):
                told = "\n".join([*faults, *walk.told])
                failed.append(
                    f"seed {seed} ({REPLAY} {seed} --shrink):\n{told}\nsteps:\n{printed(steps)}"
                )
    assert not failed, "\n\n".join(failed)


def test_steps_are_the_same_for_a_seed_and_are_read_as_they_are_printed() -> None:
    for seed in range(50):
        assert read(printed(steps_of(seed))) == steps_of(seed) == steps_of(seed)


def test_who_types_by_keys_keeps_the_cell() -> None:
    keys = Step(number=0, who="person", what="keys", at=0.1, to=0.1, at_once=True)
    deletes = Step(number=1, who="agent", what="delete", at=0.1, to=0.1, at_once=False)
    assert groups([keys, deletes]) == [[keys], [deletes]]
