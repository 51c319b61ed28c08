"""Starting and closing what all calls share."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

import pytest

from jmcp.core.errors import StateUnavailable
from tests.fakes.jmcp import FakeJmcp

PARTS = ("documents", "kernels", "store")


@pytest.mark.parametrize("failing", [(part,) for part in PARTS] + [PARTS], ids=" ".join)
async def test_every_part_is_closed_whatever_became_of_the_others(
    failing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    jmcp = FakeJmcp()
    await jmcp.start()
    parts: dict[str, Any] = {name: getattr(jmcp, name) for name in PARTS}
    closed = []

    def fail(name: str) -> Any:
        async def close() -> NoReturn:
            closed.append(name)
            raise ValueError(name)

        return close

    for name in failing:
        monkeypatch.setattr(parts[name], "close", fail(name))
    with pytest.raises(ValueError, match=failing[-1]):
        await jmcp.close()
    assert set(closed) == set(failing)
    assert all(parts[name].closed for name in PARTS if name not in failing)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jmcp-")]


class ClosedObserver:
    closed = False

    def on_call(self, _: object) -> None: ...
    def on_session_event(self, _: object) -> None: ...
    def close(self) -> None:
        self.closed = True


async def test_observers_are_closed_with_the_server() -> None:
    observer = ClosedObserver()
    jmcp = FakeJmcp(options={"observers": [observer]})
    async with jmcp.running():
        assert not observer.closed
    assert observer.closed


async def test_a_server_that_could_not_start_can_be_closed() -> None:
    jmcp = FakeJmcp()
    jmcp.faults.fail("store.count", StateUnavailable("locked"))
    with pytest.raises(StateUnavailable):
        await jmcp.start()
    await jmcp.close()
    assert jmcp.documents.closed
    assert jmcp.kernels.closed
    assert jmcp.store.closed


async def test_calls_are_ended_at_a_drain_whatever_became_of_the_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jmcp = FakeJmcp()
    jmcp.documents.write("a.ipynb", "6 * 7")
    held = jmcp.faults.hold("documents.open")
    async with jmcp.running():
        stop = jmcp.dispatcher.runs.stop

        async def failing_stop() -> NoReturn:
            monkeypatch.setattr(jmcp.dispatcher.runs, "stop", stop)
            raise ValueError("a bug")

        monkeypatch.setattr(jmcp.dispatcher.runs, "stop", failing_stop)
        monkeypatch.setattr("jmcp.core.calls.drain.REPORT_SECONDS", 0.0)
        calling = asyncio.create_task(jmcp.outcome("use_notebook", notebook_path="a.ipynb"))
        await held.reached.wait()
        with pytest.raises(ValueError, match="a bug"):
            await jmcp.dispatcher.drain(0.0)
        assert (await calling).error is not None
