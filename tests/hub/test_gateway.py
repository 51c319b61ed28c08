"""The gateway in front of a real JupyterHub: each to their own server, started when it is needed."""

from __future__ import annotations

import asyncio

import pytest

from tests.hub.hub_user import BOUND_SECONDS, hub_user
from tests.hub.running_hub import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="session")

Told = list[tuple[float, float | None, str | None]]


async def test_three_users_at_once_each_get_their_own_server(hub: RunningHub) -> None:
    """All cold; each has a notebook and a kernel of the same names, and sees nobody else's."""
    users = [await hub_user(hub, name) for name in ("ada", "ben", "cem")]

    async def works(number: int) -> str:
        user = users[number]
        # Two at the same second on a server that does not run: it starts once, and both are answered.
        session, listed = await asyncio.gather(
            user.session("same.ipynb"), user.rest("GET", "/jmcp/v1/files")
        )
        assert listed.status_code == 200, listed.text
        for code in (f"whose = {user.name!r}", "import os; print(whose, os.getcwd())"):
            ran = await user.call("execute_code", session_id=session, code=code)
        return str(ran)

    shown = await asyncio.gather(*map(works, range(len(users))))
    for user, text in zip(users, shown, strict=True):
        assert f"{user.name} {hub.folder(user.name)}" in text
        assert user.sources("same.ipynb") == [""]
    started = hub.tail(1000).count("Server ada is ready")
    assert started == 1, "the server of ada was started more than once"


async def test_a_cold_start_is_reported_and_progress_always_grows(hub: RunningHub) -> None:
    user = await hub_user(hub, "ben")
    told: Told = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    session = await user.session("cold.ipynb", "1", "import time; time.sleep(1)", "print('hello')")
    async with user.mcp("auto") as client:
        await user.stop()
        answer = await client.call_tool(
            "run_cells", {"session_id": session}, progress_callback=on_progress
        )
    assert answer.structured_content is not None, answer
    assert "hello" in str(answer.structured_content)
    steps = [progress for progress, _, _ in told]
    assert steps == sorted(set(steps)), told
    starting = [one for one in told if "Starting your Jupyter server" in (one[2] or "")]
    assert starting, told
    assert all(progress < 1 for progress, _, _ in starting)
    assert len(told) > len(starting), "the run itself was not reported"
    assert told[len(starting)][0] >= 1, told
    assert {total for _, total, _ in told[len(starting) :]} == {5}, "four cells and the start"


async def test_a_session_of_the_handshake_outlives_its_server(hub: RunningHub) -> None:
    """The protocol has clients begin a new one then, which the SDK's does not: the gateway does it."""
    user = await hub_user(hub, "ben")
    session = await user.session("handshake.ipynb", "1")
    async with user.mcp("legacy") as client:
        await client.call_tool("read_notebook", {"session_id": session})
        await user.stop()
        inserted = {"cell_index": -1, "cell_type": "code", "cell_source": "once = 1"}
        answers = await asyncio.gather(
            client.call_tool("insert_cell", {"session_id": session, **inserted}),
            client.call_tool("read_notebook", {"session_id": session}),
        )
    assert not any(answer.is_error for answer in answers), answers

    async def saved() -> bool:
        return user.sources("handshake.ipynb") == ["", "1", "once = 1"]

    await hub.until(saved, BOUND_SECONDS, "the file has each cell once")


async def test_a_session_of_the_handshake_is_its_users_own(hub: RunningHub) -> None:
    user, stranger = await hub_user(hub, "ben"), await hub_user(hub, "ada")
    await stranger.call("list_notebooks")
    params = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    begun = await user.rest(
        "POST",
        "/mcp",
        headers=accept,
        json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params},
    )
    headers = accept | {"Mcp-Session-Id": begun.headers["mcp-session-id"]}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_notebooks"}}
    await user.stop()
    refused = await stranger.rest("POST", "/mcp", headers=headers, json=call)
    assert refused.status_code == 404, refused.text
    answered = await user.rest("POST", "/mcp", headers=headers, json=call)
    assert answered.status_code == 200, answered.text
