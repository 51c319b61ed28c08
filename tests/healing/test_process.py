"""What a session is told of its kernel after jmcp itself was started anew."""

from __future__ import annotations

import pytest

from jmcp.runtime import notebook
from tests.sessions.conftest import Bench


async def test_a_kernel_that_outlived_jmcp_is_uncertain_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await bench.open("a.ipynb")
    run = {"session_id": session, "code": "1"}
    first = await bench.call("execute_code", **run)
    assert [notice["code"] for notice in first["notices"]] == ["kernel_started"]
    # Sessions outlive the process, and kernels elsewhere do too; the count of restarts does not.
    monkeypatch.setattr(notebook, "PROCESS", "another")
    told = await bench.call("execute_code", **run)
    assert [notice["code"] for notice in told["notices"]] == ["kernel_uncertain"]
    again = await bench.call("execute_code", **run)
    assert again["notices"] == []
