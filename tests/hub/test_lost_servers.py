"""Servers that are killed: what the calls say that were under way or come next, and what is done twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.hub.hub_user import HubUser, hub_user, message_of
from tests.hub.running_hub import RunningHub
from tests.thorough import thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUND_SECONDS = 90
ENDLESS = "import time\nopen('begun', 'w').close()\nwhile True: time.sleep(0.1)"


async def begin_endless(hub: RunningHub, user: HubUser, session: str) -> asyncio.Task[Any]:
    """A call that runs code and gets the events of it; returns when the code runs."""
    begun = hub.folder(user.name) / "begun"
    begun.unlink(missing_ok=True)
    arguments = {"session_id": session, "code": ENDLESS}
    params = {"name": "execute_code", "arguments": arguments, "_meta": {"progressToken": 1}}
    named = {"Mcp-Name": "execute_code"}
    running = asyncio.create_task(user.message("tools/call", params, named))

    async def has_begun() -> bool:
        return begun.exists()

    await hub.until(has_begun, BOUND_SECONDS, "the code runs")
    return running


async def test_a_killed_server_comes_back_with_what_was_acknowledged(hub: RunningHub) -> None:
    user = await hub_user(hub, "cem")
    session = await user.session("killed.ipynb", "kept = 1")
    await user.call("execute_code", session_id=session, code="value = 7")

    running = await begin_endless(hub, user, session)
    await hub.kill(user.name)
    async with asyncio.timeout(BOUND_SECONDS):
        ended = message_of(await running)
    assert ended["id"] == 7
    assert "before you make the call again" in json.dumps(ended)

    # What changes something is made once, as the gateway asks first, or it says that it may not have been.
    change = await user.result(
        "insert_cell",
        session_id=session,
        cell_index=-1,
        cell_type="code",
        cell_source="once = 1",
    )
    unsure = bool(change.get("isError"))
    if unsure:
        assert "may have been carried out or not" in json.dumps(change)
    read = await user.call("read_notebook", session_id=session)
    text = json.dumps(read)
    assert text.count("kept = 1") == 1
    assert text.count("once = 1") == (0 if unsure else 1)
    # The variables are gone, which the first call that meets the new kernel says.
    ran = await user.result("execute_code", session_id=session, code="value")
    said = json.dumps([change, read, ran])
    assert "NameError" in said
    assert "all variables were lost" in said


@thorough  # one more start
async def test_a_reading_call_starts_a_killed_server_by_itself(hub: RunningHub) -> None:
    user = await hub_user(hub, "cem")
    session = await user.session("read.ipynb", "kept = 1")
    await hub.kill(user.name)
    read = await user.call("read_notebook", session_id=session)
    assert json.dumps(read).count("kept = 1") == 1
