"""What deploy/systemd starts, really started: it serves, outlives its Hub, and comes back from a backup."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests.deploy.deployed import Deployed
from tests.hub.hub_user import HubUser
from tests.node_tools import NodeTools
from tests.thorough import thorough

SECONDS = 60


@pytest.fixture
async def deployed(tmp_path: Path, node_tools: NodeTools) -> AsyncIterator[Deployed]:
    one = Deployed(home=tmp_path / "hub", node=node_tools)
    await one.start()
    try:
        yield one
    finally:
        await one.api("DELETE", "/users/ada/server")
        await one.until(lambda: has_none(one), SECONDS, "the server of ada ends")
        await one.stop()


async def has_none(one: Deployed) -> bool:
    return not (await one.model("ada")).get("servers")


@thorough
async def test_it_serves_outlives_its_hub_and_comes_back_from_a_backup(
    deployed: Deployed,
) -> None:
    ada = HubUser(hub=deployed, name="ada", token=await deployed.user("ada"))
    session = await ada.session("kept.ipynb", "first = 1")

    # -- the proxy and the gateway keep an open stream while the Hub is replaced
    events = {"Authorization": f"Bearer {ada.token}", "Accept": "text/event-stream"}
    async with deployed.http.stream(
        "GET", f"{deployed.gateway}/jmcp/v1/activity", headers=events
    ) as stream:
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        await until(lines, "data:")
        deployed.stop_one("jmcp-hub")
        deployed.run("jmcp-hub")
        await deployed.until(deployed._answers, SECONDS, "the Hub again")
        await ada.call(
            "insert_cell",
            session_id=session,
            cell_index=-1,
            cell_type="code",
            cell_source="second = 2",
        )
        await until(lines, "insert_cell")

    # -- Prometheus is answered, by whom the units let it
    token = dict(
        line.split("=", 1) for line in (deployed.etc / "hub.env").read_text().splitlines()
    )["JMCP_METRICS_TOKEN"]
    headers = {"Authorization": f"Bearer {token}"}
    exporter = f"http://127.0.0.1:{deployed.ports['9101']}/metrics"
    for url, metric in (
        (f"{deployed.url}/hub/metrics", "jupyterhub_running_servers 1.0"),
        (f"{deployed.gateway}/metrics", 'jmcp_gateway_requests_total{outcome="ok"}'),
        (exporter, 'jmcp_hub_servers{state="active"} 1.0'),
    ):
        await deployed.until(partial(tells, deployed, url, headers, metric), SECONDS, url)

    # -- a backup while cells are added, and everything gone
    done = asyncio.Event()
    added: list[int] = []

    async def adds() -> None:
        while not done.is_set():
            number = len(added)
            await ada.call(
                "insert_cell",
                session_id=session,
                cell_index=-1,
                cell_type="code",
                cell_source=f"n = {number}",
            )
            added.append(number)

    adding = asyncio.create_task(adds())
    await deployed.until(lambda: more_than(added, 5), SECONDS, "cells are added")
    before = len(added)
    made = await asyncio.to_thread(deployed.backup)
    assert made.returncode == 0, made.stderr
    done.set()
    await adding
    assert len(added) > before, "nothing was written while the backup was made"
    await deployed.destroy()

    restored = deployed.backup("restore", "--data", str(deployed.data))
    assert restored.returncode == 0, restored.stderr
    await deployed.launch()

    # -- the Hub knows its user and the user's token; the session goes on, with its notebook
    assert (await deployed.model("ada"))["name"] == "ada"
    sources = json.dumps(
        await ada.call("read_notebook", session_id=session, response_format="detailed", limit=500)
    )
    for expected in ("first = 1", "second = 2", *(f"n = {number}" for number in range(before))):
        assert f"{expected}" in sources, expected


async def tells(deployed: Deployed, url: str, headers: dict[str, str], metric: str) -> bool:
    """Services start a moment after their Hub."""
    try:
        return metric in (await deployed.http.get(url, headers=headers)).text
    except httpx2.TransportError:
        return False


async def more_than(added: list[int], number: int) -> bool:
    return len(added) > number


async def until(lines: AsyncIterator[str], part: str) -> None:
    async with asyncio.timeout(SECONDS):
        async for line in lines:
            if part in line:
                return
    raise AssertionError(f"the stream ended without {part}")
