"""The extension's start: what fails for a while is tried again, and what fails leaves nothing open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core import background
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.errors import StateUnavailable
from jmcp.core.stores.instance_lock import living_instances
from jmcp.state.folder import state_folder
from tests.jupyter_process import StartJupyter, stop
from tests.notebooks import notebook_text
from tests.surfaces.conftest import client_of

SECONDS = 30


class FailingStart:
    """Has the first `times` starts of a dispatcher fail, once it has begun."""

    def __init__(self, error: BaseException, times: float) -> None:
        self.attempts = 0
        self.succeeded = asyncio.Event()
        self._error = error
        self._times = times
        self._genuine = Dispatcher.start

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        failing = self

        async def start(dispatcher: Dispatcher) -> None:
            await failing._genuine(dispatcher)
            failing.attempts += 1
            if failing.attempts <= failing._times:
                raise failing._error
            failing.succeeded.set()

        monkeypatch.setattr(Dispatcher, "start", start)


@pytest.fixture
def first_pause(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    monkeypatch.setattr(background, "failures", type(background.failures)())
    return lambda seconds: monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", seconds)


def alive(serverapp: ServerApp) -> int:
    return living_instances(state_folder(serverapp.root_dir))


async def status(serverapp: ServerApp) -> int:
    async with client_of(serverapp) as client:
        return (await client.get("/mcp/healthz")).status_code


class Panic(BaseException):
    """As PyO3's PanicException."""


@pytest.mark.parametrize(
    "error", [StateUnavailable("locked"), RuntimeError("a bug"), Panic("a native bug")], ids=repr
)
async def test_a_start_that_fails_is_tried_again(
    jupyter: StartJupyter,
    monkeypatch: pytest.MonkeyPatch,
    first_pause: Callable[[float], None],
    error: BaseException,
) -> None:
    first_pause(0.0)
    failing = FailingStart(error, times=2)
    failing.install(monkeypatch)
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"])
    await asyncio.wait_for(failing.succeeded.wait(), SECONDS)
    assert await status(serverapp) == 200
    # The attempts that failed have closed their state; the one that serves has not.
    assert alive(serverapp) == 1
    assert background.failures["start"] == 2
    await stop(serverapp)
    assert alive(serverapp) == 0


async def test_jupyter_stops_between_two_attempts(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch, first_pause: Callable[[float], None]
) -> None:
    first_pause(600.0)
    FailingStart(StateUnavailable("locked"), times=float("inf")).install(monkeypatch)
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"])
    assert await status(serverapp) == 503
    assert alive(serverapp) == 0
    await asyncio.wait_for(stop(serverapp), SECONDS)


async def test_a_mistake_in_the_configuration_is_not_tried_again(
    jupyter: StartJupyter, capfd: pytest.CaptureFixture[str]
) -> None:
    serverapp = await jupyter(
        collaboration=False, extensions=["jmcp"], JmcpExtension={"toolsets": ["nope"]}
    )
    assert await status(serverapp) == 503
    logged = capfd.readouterr().err
    assert "jmcp does not run: no toolset nope" in logged
    assert "Traceback" not in logged
    assert alive(serverapp) == 0


async def test_a_notebook_of_the_configuration_is_enrolled_inside_jupyter(
    jupyter: StartJupyter, tmp_path: Path
) -> None:
    root = tmp_path / "enrolled"
    root.mkdir()
    (root / "a.ipynb").write_text(notebook_text("answer = 6 * 7"))
    configured = {"notebook": "a.ipynb", "notebook_kernel": "now"}
    serverapp = await jupyter(
        collaboration=False, extensions=["jmcp"], root=root, JmcpExtension=configured
    )
    async with client_of(serverapp) as client:
        body = {"tool_name": "execute_cell", "arguments": {"cell_index": 0}}
        answer = (await client.post("/mcp/tools/call", json=body)).json()
        assert answer["success"], answer
        assert answer["result"]["notebook_path"] == "a.ipynb"
        assert (await client.get("/mcp/healthz")).json()["kernel_status"] == "alive"
