"""Which tools need a kernel: what they do about a dead one, with auto_heal and without."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp_api.registry import TOOLS
from tests.scenarios.healing.conftest import PATH, HealingServer, notices
from tests.scenarios.healing.test_deaths import remove

RUNS: dict[str, dict[str, Any]] = {
    "execute_cell": {"cell_index": 0},
    "insert_execute_code_cell": {"cell_index": -1, "cell_source": "1"},
    "execute_code": {"code": "1"},
    "run_cells": {"stop_on_error": False},
    "install_packages": {"packages": ["ipykernel"]},
}
ABOUT_KERNELS = {"restart_notebook", "interrupt_kernel", "list_variables"}
"""These act on the kernel that is there."""
KERNELLESS: dict[str, dict[str, Any]] = {
    "use_notebook": {"notebook_path": PATH},
    "read_notebook": {},
    "read_cell": {"cell_index": 0},
    "insert_cell": {"cell_index": 0, "cell_type": "code", "cell_source": "1"},
    "overwrite_cell_source": {"cell_index": 0, "cell_source": "2", "force": True},
    "edit_cell_source": {"cell_index": 0, "old_string": "2", "new_string": "3", "force": True},
    "move_cell": {"cell_index": 0, "target_index": 1},
    "apply_edits": {"edits": [{"op": "insert", "source": "4"}]},
    "undo_change": {},
    "clear_cell_output": {"cell_index": 0},
    "read_output": {"cell_index": 0, "output": 0, "mime_type": "text/plain"},
    "diff_notebook": {},
    "list_changes": {},
    "create_checkpoint": {},
    "restore_checkpoint": {},
    "search_notebook": {"pattern": "1"},
    "delete_cell": {"cell_indices": [0], "force": True},
    "list_executions": {},
    "get_execution": {"execution_id": "none"},
    "list_notebooks": {},
    "list_files": {},
    "list_kernels": {},
    "validate_notebook": {},
    "export_notebook": {"format": "py"},
    "list_sessions": {},
    "list_activity": {},
    "debug_connection_status": {},
    "unuse_notebook": {},
}

# There is no such run and no output, and without a journal there is nothing to take back.
REFUSED = {
    "get_execution": "execution_not_found",
    "undo_change": "change_not_found",
    "read_output": "resource_not_found",
}


def test_every_tool_is_in_one_of_these_lists() -> None:
    """Those of other toolsets are built on these."""
    tools = [tool for tool in TOOLS.values() if tool.toolset in ("core", "extra")]
    assert {*RUNS, *ABOUT_KERNELS, *KERNELLESS} == {tool.name for tool in tools}
    assert {*RUNS, *ABOUT_KERNELS} == {tool.name for tool in tools if tool.scope == "execute"}


async def test_tools_that_run_heal(server: HealingServer) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    for tool, arguments in RUNS.items():
        await remove(server, *server.kernel_ids)
        healed = await server.call(tool, session_id=alice, **arguments)
        assert notices(healed) == ["kernel_restarted"], tool
        assert healed["status"] in ("ok", "error"), tool


async def test_tools_that_do_not_run_need_no_kernel(server: HealingServer) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    await remove(server, *server.kernel_ids)
    for tool, arguments in KERNELLESS.items():
        session = {} if TOOLS[tool].session == "none" else {"session_id": alice}
        outcome = await server.outcome(tool, **session, **arguments)
        code = outcome.error.code if outcome.error else None
        assert code == REFUSED.get(tool), outcome.text
        assert server.kernel_ids == [], tool
        assert await server.jupyter_sessions() == [], tool


async def test_without_auto_heal_nothing_is_replaced_unasked(server: HealingServer) -> None:
    alice = await server.open(auto_heal=False)
    assert notices(await server.run(alice, "x = 1")) == ["kernel_started"]
    await remove(server, *server.kernel_ids)
    for tool, arguments in RUNS.items():
        refused = await server.fail(tool, session_id=alice, **arguments)
        assert refused["code"] == "kernel_unavailable", tool
        assert "restart_notebook" in refused["message"], tool
        assert server.kernel_ids == [], tool
    # Opening it again, without a word of auto_heal, changes nothing of it.
    await server.open(session_id=alice)
    await server.fail("execute_code", session_id=alice, code="1")

    restarted = await server.call("restart_notebook", session_id=alice)
    assert list(server.kernel_ids) == [restarted["kernel_id"]]
    assert await server.jupyter_sessions() == [(PATH, restarted["kernel_id"])]
    assert notices(await server.run(alice, "1")) == []

    await remove(server, *server.kernel_ids)
    await server.open(session_id=alice, auto_heal=True)
    assert notices(await server.run(alice, "1")) == ["kernel_restarted"]


async def test_without_auto_heal_another_sessions_kernel_is_not_taken_unasked(
    server: HealingServer,
) -> None:
    alice, other = await server.open(auto_heal=False), await server.open()
    await server.run(alice, "x = 1")
    await remove(server, *server.kernel_ids)
    await server.run(other, "x = 2")
    refused = await server.fail("execute_code", session_id=alice, code="x")
    assert refused["code"] == "kernel_unavailable"
    assert "use_notebook" in refused["message"]
    opened = await server.call("use_notebook", session_id=alice, notebook_path=PATH)
    told = await server.run(alice, "print(x)")
    assert told["outputs"][0]["text"] == "2\n"
    assert notices(opened, told) == ["kernel_restarted"]


async def test_a_notebook_that_never_had_a_kernel_has_none_to_restart(
    server: HealingServer,
) -> None:
    alice = await server.open(auto_heal=False)
    assert (await server.fail("restart_notebook", session_id=alice))["code"] == "no_kernel"
    assert server.kernel_ids == []


@pytest.mark.parametrize("policy", ["auto", "stop"])
async def test_a_dead_kernel_is_none_to_stop(server: HealingServer, policy: str) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    await remove(server, *server.kernel_ids)
    released = await server.call("unuse_notebook", session_id=alice, kernel=policy)
    assert released["kernel"] == "none"
