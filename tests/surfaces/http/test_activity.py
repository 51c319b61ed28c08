"""What goes on in a server, as a stream: through Jupyter, as every client of the page has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from jmcp_api.models import Activity
from tests.surfaces.conftest import HEADERS, Client, ExtensionServer

URL = "/jmcp/v1/activity"
SECONDS = 30


@asynccontextmanager
async def events(client: Client, query: str = "") -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """The events of a stream, as (name, data)."""
    headers = {**HEADERS, "Accept": "text/event-stream"}
    async with (
        asyncio.timeout(SECONDS),
        client.stream("GET", f"{URL}{query}", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")

        async def decoded() -> AsyncIterator[tuple[str, Any]]:
            name = ""
            async for line in response.aiter_lines():
                kind, _, value = line.partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    yield name, json.loads(value)

        yield decoded()


async def until(stream: AsyncIterator[tuple[str, Any]], kind: str) -> Any:
    async for name, data in stream:
        if name == kind:
            return data
    raise AssertionError(f"the stream ended without {kind}")


async def test_a_stream_begins_with_what_goes_on_and_goes_on_with_calls(
    extension: ExtensionServer,
) -> None:
    client = extension.client
    async with events(client, "?owners=all&contents=true") as stream:
        first = await until(stream, "activity")
        assert first["lab_url"] is None  # this server has no JupyterLab
        assert Activity.model_validate(first).now == first["now"]
        opened = await client.post(
            "/jmcp/v1/sessions", json={"notebook_path": "activity.ipynb", "mode": "create"}
        )
        session = opened.json()["session_id"]
        call = await until(stream, "call")
        shown = await until(stream, "navigate_to_url")
        assert (shown["session_id"], shown["notebook_path"]) == (session, "activity.ipynb")
        assert shown["url"].endswith("/lab/workspaces/jmcp/tree/activity.ipynb?reset")
        assert (call["tool"], call["outcome"]) == ("use_notebook", "ok")
        assert call["arguments"] == {"notebook_path": "activity.ipynb", "mode": "create"}
        code = {"code": "print('abc')\nimport time\ntime.sleep(60)", "wait": 0}
        started = await client.post(f"/jmcp/v1/sessions/{session}/code", json=code)
        assert started.status_code == 200, started.text
        runs = await until(stream, "runs")
        assert [run["line"] for run in runs["runs"]] == ["print('abc')"]
        assert call["session_id"] == session
        assert session not in json.dumps([call["arguments"], call["result"]])
    snapshot = (await client.get(URL)).json()
    assert snapshot["run_count"] == 1
    await client.delete(f"/jmcp/v1/sessions/{session}", params={"kernel": "stop", "confirm": True})


async def test_a_stream_that_is_refused_is_a_problem(extension: ExtensionServer) -> None:
    headers = {**HEADERS, "Accept": "text/event-stream"}
    refused = await extension.client.get(f"{URL}?owners=some", headers=headers)
    assert refused.status_code == 400, refused.text
    assert refused.json()["code"] == "invalid_arguments"


async def test_a_stream_whose_client_leaves_is_forgotten(extension: ExtensionServer) -> None:
    """More streams than an owner may have at a time, one after the other."""
    for _ in range(20):
        async with events(extension.client) as stream:
            await until(stream, "activity")
