"""How far a run is, and calls that are cancelled, over stdio in both eras of the protocol."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stdio
from tests.served import Served, jupyter_server
from tests.surfaces.mcp.test_mcp import ERAS, data
from tests.surfaces.mcp.test_progress import BOUND_SECONDS, UNTIL_GO, UNTIL_INTERRUPTED
from tests.thorough import fast_only


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("plain")
    with jupyter_server(base / "home", base / "root", collaboration=False) as served:
        yield served


async def appears(path: Path) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while True:
            if await asyncio.to_thread(path.exists):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("era", fast_only(ERAS, "auto"))
async def test_progress_and_cancellation(plain: Served, era: stdio.Era, tmp_path: Path) -> None:
    messages: list[str] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message or "")
        if message == "running: half way":
            (plain.root / "go").touch()

    async with stdio.client(stdio.parameters(tmp_path / "home", plain), era) as client:
        arguments = {"notebook_path": f"{era}.ipynb", "mode": "create"}
        session = {
            "session_id": data(await client.call_tool("use_notebook", arguments))["session_id"]
        }
        code = {"code": f"import os, time\nprint('half way')\n{UNTIL_GO}"}
        answer = await client.call_tool(
            "execute_code", session | code, progress_callback=on_progress
        )
        assert data(answer).get("status", "ok") == "ok"
        assert messages[-1] == "running: half way"
        code = {"code": UNTIL_INTERRUPTED}
        call = asyncio.create_task(client.call_tool("execute_code", session | code))
        await appears(plain.root / "started")
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await appears(plain.root / "interrupted")
        again = await client.call_tool("execute_code", session | {"code": "1"})
        assert data(again).get("status", "ok") == "ok"
    for name in ("go", "started", "interrupted"):
        (plain.root / name).unlink()
