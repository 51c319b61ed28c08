"""Kernels that cannot be replaced: nothing is changed, and the error says what to do."""

from __future__ import annotations

import asyncio

from tests.scenarios.healing.conftest import LIMIT, HealingServer, notices
from tests.scenarios.healing.test_deaths import remove

UNLESS_BROKEN = "import os, sys; os.path.exists(os.environ['BROKEN']) and sys.exit(1)"


async def test_a_kernel_that_always_dies_changes_nothing(server: HealingServer) -> None:
    broken = server.home / "broken"
    server.install("second", UNLESS_BROKEN.replace("os.environ['BROKEN']", repr(str(broken))))
    server.write(kernel_name="second")
    alice = await server.open()
    await server.run(alice, "x = 1")
    before = (await server.record(alice)).notebooks
    broken.touch()
    await remove(server, *server.kernel_ids)
    for _ in range(2):
        async with asyncio.timeout(LIMIT):
            failed = await server.fail("execute_cell", session_id=alice, cell_index=0)
        assert failed["code"] == "kernel_unavailable"
        assert "use_notebook" in failed["message"]
        assert "list_kernels" in failed["message"]
        assert (await server.record(alice)).notebooks == before
    broken.unlink()
    async with asyncio.timeout(LIMIT):
        healed = await server.run(alice, "import os; print(os.environ['SPEC'])")
    assert healed["outputs"][0]["text"] == "second\n"
    assert notices(healed) == ["kernel_restarted"]


async def test_a_kernelspec_that_is_gone_is_named(server: HealingServer) -> None:
    server.install("second")
    server.write(kernel_name="second")
    alice = await server.open()
    await server.run(alice, "x = 1")
    before = (await server.record(alice)).notebooks
    await remove(server, *server.kernel_ids)
    server.uninstall("second")
    failed = await server.fail("execute_code", session_id=alice, code="1")
    assert failed["code"] == "kernelspec_not_found"
    assert "'second'" in failed["message"]
    assert "python3" in failed["message"]
    assert "use_notebook" in failed["message"]
    assert (await server.record(alice)).notebooks == before
    assert server.kernel_ids == []
    await server.open(session_id=alice, kernel_name="python3")
    assert notices(await server.run(alice, "1")) == ["kernel_restarted"]
