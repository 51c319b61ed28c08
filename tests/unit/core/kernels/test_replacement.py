"""Kernels that somebody else ends at the moment at which a session wants to go on with them."""

from __future__ import annotations

import pytest

from jmcp_api.backend_errors import KernelDown, KernelMissing
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import FakeKernel


@pytest.mark.parametrize("tool", ["execute_code", "restart_notebook"])
async def test_a_kernel_that_is_being_shut_down_is_replaced(
    tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers nobody any more, and Jupyter has it, with a process, until that is over."""
    jmcp = FakeJmcp()
    jmcp.documents.write("a.ipynb", "1")
    await jmcp.start()
    session = await jmcp.open("a.ipynb")
    await jmcp.call("execute_code", session_id=session, code="x = 1")
    genuine, connects = jmcp.kernels.connect, 0

    async def connect(kernel_id: str) -> FakeKernel:
        nonlocal connects
        if kernel_id != "kernel-1":
            return await genuine(kernel_id)
        connects += 1
        if connects < 2 and tool == "execute_code":
            raise KernelDown.died_before_answer()
        jmcp.kernels.kernels.pop(kernel_id, None)
        raise KernelMissing.unknown(kernel_id=kernel_id)

    async def restart(kernel_id: str) -> None:
        raise KernelDown.not_back(kernel_id=kernel_id)

    monkeypatch.setattr(jmcp.kernels, "connect", connect)
    monkeypatch.setattr(jmcp.kernels, "restart", restart)
    arguments = {"code": "print(2)"} if tool == "execute_code" else {}
    await jmcp.call(tool, session_id=session, **arguments)
    assert [*jmcp.kernels.kernels] == ["kernel-2"]
    ran = await jmcp.call("execute_code", session_id=session, code="print(2)")
    assert ran["outputs"][0]["text"] == "2\n"
    await jmcp.close()
