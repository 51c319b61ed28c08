"""What a session is told of its kernel after jmcp itself was started anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jmcp.core.kernels import sighting
from jmcp.core.kernels.sighting import PROCESS, KernelSighting, after_sighting
from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.records import HeldNotebook
from tests.calls import BOB
from tests.scenarios.healing.conftest import PATH, HealingServer, notices

HELD = HeldNotebook(
    ref=NotebookRef(key="k", path="a.ipynb"),
    name="a",
    kernel_id="one",
    generation=2,
    counted_by=PROCESS,
    process="first",
)


# Inside of Jupyter its kernels end with jmcp.
@pytest.mark.parametrize("server", ["remote file"], indirect=True)
async def test_a_kernel_that_outlived_jmcp_is_known_again(
    server: HealingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    await server.run(alice, "x = 'of alice'")
    await server.run(bob, "x = 'of bob'", BOB)
    kernels = set(server.kernel_ids)
    monkeypatch.setattr(sighting, "PROCESS", "another")
    async with server.another().running() as second:
        same = await second.run(alice, "print(x)")
        assert (same["outputs"][0]["text"], notices(same)) == ("of alice\n", [])
        assert await second.prints(bob, "print(x)", BOB) == "of bob"
    for kernel_id in kernels:
        await server.rest("POST", f"api/kernels/{kernel_id}/restart")
    monkeypatch.setattr(sighting, "PROCESS", "a third")
    async with server.another().running() as third:
        assert notices(await third.run(alice, "1")) == ["kernel_restarted"]
        assert notices(await third.run(alice, "1")) == []
        assert notices(await third.run(bob, "1", BOB)) == ["kernel_restarted"]
    assert set(server.kernel_ids) == kernels


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (KernelSighting(kernel_id="one", generation=2, process="first"), None),
        (KernelSighting(kernel_id="one", generation=1, process="zeroth"), None),
        (KernelSighting(kernel_id="one", generation=3, process="second"), "kernel_restarted"),
        # Some kernels have the same name for all their processes, or none.
        (KernelSighting(kernel_id="one", generation=3, process="first"), "kernel_restarted"),
        (KernelSighting(kernel_id="two", generation=1, process="second"), "kernel_restarted"),
    ],
)
def test_within_one_process_of_jmcp_generations_count(
    seen: KernelSighting, told: str | None
) -> None:
    assert after_sighting(HELD, seen).pending_notice == told
    assert after_sighting(replace(HELD, generation=None), seen).pending_notice is None


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("first", "first", None),
        ("first", "second", "kernel_restarted"),
        ("first", None, "kernel_uncertain"),
        (None, "second", "kernel_uncertain"),
    ],
)
def test_across_processes_of_jmcp_the_kernels_own_name_counts(
    before: str | None, now: str | None, told: str | None
) -> None:
    held = replace(HELD, counted_by="an earlier process", process=before)
    assert (
        after_sighting(
            held, KernelSighting(kernel_id="one", generation=1, process=now)
        ).pending_notice
        == told
    )
