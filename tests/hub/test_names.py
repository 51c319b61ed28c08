"""Users with odd names, and servers with hosts of their own: each still gets their own server."""

from __future__ import annotations

from pathlib import Path

from tests.hub.hub_user import HubUser, hub_user
from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools
from tests.thorough import thorough

IN_PATHS = ("a.b@c", "ü_%20", "UPPER")
IN_HOSTS = ("jörg", "x--y", "42")


async def works(hub: RunningHub, name: str) -> HubUser:
    """The user's own server answers, and its links lead back through the gateway."""
    user = await hub_user(hub, name)
    session = await user.session("whose.ipynb")
    ran = await user.call("execute_code", session_id=session, code="import os; print(os.getcwd())")
    assert str(hub.folder(name)) in str(ran), ran
    page = await user.rest("POST", "/jmcp/v1/sessions", json={"notebook_path": "whose.ipynb"})
    location = page.headers["Location"]
    assert location.startswith("/services/jmcp/jmcp/v1/"), location
    document = (await user.rest("GET", "/jmcp/openapi.json")).json()
    assert document["servers"] == [{"url": "/services/jmcp"}]
    return user


@thorough  # a server for each name
async def test_odd_names_lead_to_their_own_servers(tmp_path: Path, node_tools: NodeTools) -> None:
    async with running_hub(tmp_path / "hub", node_tools) as hub:
        for name in IN_PATHS:
            user = await works(hub, name)
            await user.stop()


@thorough  # a Hub of its own
async def test_servers_with_hosts_of_their_own(tmp_path: Path, node_tools: NodeTools) -> None:
    async with running_hub(tmp_path / "hub", node_tools, subdomains=True) as hub:
        for name in IN_HOSTS:
            user = await works(hub, name)
            await user.stop()
