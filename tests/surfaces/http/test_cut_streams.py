"""Clients that vanish while events of a run are sent to them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.surfaces.conftest import HEADERS, Client, ExtensionServer
from tests.typed import rows_of

EVENTS = {"Accept": "text/event-stream"}
COUNTING = "import time\nfor n in range(1000):\n    print(n, flush=True)\n    time.sleep(0.01)"
SECONDS = 30


async def opened(client: Client) -> str:
    answer = await client.post(
        "/jmcp/v1/sessions", json={"notebook_path": "a.ipynb", "mode": "create"}
    )
    assert answer.status_code == 201, answer.text
    session: str = answer.json()["session_id"]
    return session


async def until_events(client: Client, path: str, body: dict[str, Any]) -> None:
    """Start a run that sends events, and cut the connection when the first has come."""
    async with (
        asyncio.timeout(SECONDS),
        client.stream("POST", path, json=body, headers={**HEADERS, **EVENTS}) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                return


async def nothing_in_progress(client: Client) -> None:
    deadline = time.monotonic() + SECONDS
    text = (await client.get("/jmcp/metrics")).text
    while "jmcp_calls_in_progress 0.0\n" not in text:
        assert time.monotonic() < deadline, text
        await asyncio.sleep(0.02)
        text = (await client.get("/jmcp/metrics")).text


async def test_a_cell_runs_on_and_its_outputs_are_kept(extension: ExtensionServer) -> None:
    session = await opened(extension.client)
    base = f"/jmcp/v1/sessions/{session}"
    code = COUNTING.replace("1000", "100")
    await extension.client.put(f"{base}/cells/at/0/source", json={"cell_source": code})
    for _ in range(2):
        await until_events(extension.client, f"{base}/cells/at/0/execution", {})
    await nothing_in_progress(extension.client)
    [last, first] = rows_of((await extension.client.get(f"{base}/executions")).json()["executions"])
    for run in (first, last):
        found = await extension.client.get(
            f"{base}/executions/{run['execution_id']}", params={"wait": SECONDS}
        )
        assert found.json()["outputs"][0]["text"] == "".join(f"{n}\n" for n in range(100))
    cell = (await extension.client.get(f"{base}/cells/at/0")).json()
    assert cell["outputs"][0]["text"].endswith("\n99\n")


async def test_code_without_a_cell_ends_with_its_caller(extension: ExtensionServer) -> None:
    session = await opened(extension.client)
    base = f"/jmcp/v1/sessions/{session}"
    for _ in range(5):
        await until_events(extension.client, f"{base}/code", {"code": COUNTING})
    await nothing_in_progress(extension.client)
    after = await extension.client.post(f"{base}/code", json={"code": "6 * 7"}, timeout=SECONDS)
    assert after.json()["outputs"][0]["text"] == "42"
    runs = rows_of((await extension.client.get(f"{base}/executions")).json()["executions"])
    assert {run["status"] for run in runs[1:]} <= {"interrupted", "error", "aborted", "cancelled"}
