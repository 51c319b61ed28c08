"""A server near its limit of memory: its log, its metrics and the agents say so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from jmcp.core.memory_watch import MIB
from jmcp.hub.platform.server_reading import measured_memory
from jmcp_jupyter.kernels.local.server_memory import measure
from tests.jupyter_process import StartJupyter
from tests.running_jmcp import UNLIMITED, RunningJmcp


class Warned(logging.Handler):
    """Waits for the warning of the first look, which a thread makes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "Memory is short" in record.getMessage():
            self.said.set()


@pytest.fixture
def warned() -> Iterator[Warned]:
    handler = Warned()
    log = logging.getLogger("jmcp")
    log.addHandler(handler)
    yield handler
    log.removeHandler(handler)


async def test_an_agent_is_told_once_that_memory_is_short(
    jupyter: StartJupyter, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEM_LIMIT", str(10 * MIB))  # as a JupyterHub sets it; this process has more
    app = await jupyter(collaboration=False)
    async with RunningJmcp(app=app, mode="local file", settings=UNLIMITED).running() as jmcp:
        await asyncio.wait_for(warned.said.wait(), 30)
        opened = await jmcp.call("use_notebook", notebook_path="a.ipynb", mode="create")
        notices = [one for one in opened["notices"] if one["code"] == "memory_short"]
        assert [one["details"]["limit"] for one in notices] == ["10 MiB"]
        assert "a kernel ends and its variables are lost" in notices[0]["message"]
        again = await jmcp.call("read_notebook", session_id=opened["session_id"])
        assert "memory_short" not in str(again.get("notices"))
        gauges = {
            sample.name: sample.value
            for family in jmcp.dispatcher.metrics.collect()
            for sample in family.samples
        }
        assert gauges["jmcp_memory_limit_bytes"] == 10 * MIB
        assert gauges["jmcp_memory_used_bytes"] > 10 * MIB
        registry = CollectorRegistry()
        registry.register(jmcp.dispatcher.metrics)
        # As the platform page of a Hub reads it.
        used, limit = measured_memory(generate_latest(registry))
        assert (used, limit) == (gauges["jmcp_memory_used_bytes"], 10 * MIB)


def test_a_container_is_measured_as_the_system_does(tmp_path: Path) -> None:
    group = {"memory.max": 200 * MIB, "memory.current": 150 * MIB}
    for name, size in group.items():
        (tmp_path / name).write_text(f"{size}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {50 * MIB}\n")
    found = measure({"MEM_LIMIT": str(200 * MIB)}, tmp_path)
    assert found is not None
    now = found()
    assert now is not None
    assert (now.used, now.limit) == (100 * MIB, 200 * MIB)


def test_processes_are_added_where_no_container_limits_them(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    found = measure({"MEM_LIMIT": str(2**40)}, tmp_path)
    assert found is not None
    now = found()
    assert now is not None
    assert now.used > 10 * MIB


@pytest.mark.parametrize("variables", [{}, {"MEM_LIMIT": ""}, {"MEM_LIMIT": "0"}])
def test_without_a_limit_nothing_is_measured(variables: dict[str, str]) -> None:
    assert measure(variables) is None
