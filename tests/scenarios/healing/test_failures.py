"""Kernels that cannot be replaced: nothing is changed, and the error says what to do."""

from __future__ import annotations

import asyncio

from tests.scenarios.healing.conftest import LIMIT, House, notices
from tests.scenarios.healing.test_deaths import remove

UNLESS_BROKEN = "import os, sys; os.path.exists(os.environ['BROKEN']) and sys.exit(1)"


async def test_a_kernel_that_always_dies_changes_nothing(house: House) -> None:
    broken = house.home / "broken"
    house.install("second", UNLESS_BROKEN.replace("os.environ['BROKEN']", repr(str(broken))))
    house.write(kernel_name="second")
    alice = await house.open()
    await house.run(alice, "x = 1")
    before = (await house.record(alice)).notebooks
    broken.touch()
    await remove(house, *house.kernel_ids)
    for _ in range(2):
        async with asyncio.timeout(LIMIT):
            failed = await house.fail("execute_cell", session_id=alice, cell_index=0)
        assert failed["code"] == "kernel_unavailable"
        assert "use_notebook" in failed["message"]
        assert "list_kernels" in failed["message"]
        assert (await house.record(alice)).notebooks == before
    broken.unlink()
    async with asyncio.timeout(LIMIT):
        healed = await house.run(alice, "import os; print(os.environ['SPEC'])")
    assert healed["outputs"][0]["text"] == "second\n"
    assert notices(healed) == ["kernel_restarted"]


async def test_a_kernelspec_that_is_gone_is_named(house: House) -> None:
    house.install("second")
    house.write(kernel_name="second")
    alice = await house.open()
    await house.run(alice, "x = 1")
    before = (await house.record(alice)).notebooks
    await remove(house, *house.kernel_ids)
    house.uninstall("second")
    failed = await house.fail("execute_code", session_id=alice, code="1")
    assert failed["code"] == "kernelspec_not_found"
    assert "'second'" in failed["message"]
    assert "python3" in failed["message"]
    assert "use_notebook" in failed["message"]
    assert (await house.record(alice)).notebooks == before
    assert house.kernel_ids == []
    await house.open(session_id=alice, kernel_name="python3")
    assert notices(await house.run(alice, "1")) == ["kernel_restarted"]
