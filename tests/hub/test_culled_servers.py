"""Servers that start before they are asked for, and the culler, which stops what nobody uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools
from tests.thorough import thorough

IDLE_SECONDS = 12
ACTIVITY = {"JUPYTERHUB_ACTIVITY_INTERVAL": "2"}
"""How often a server tells the Hub when it was used last, which it else does every five minutes."""
CODE = "import time\nfor second in range(600):\n    time.sleep(1)"
EVENTS = {"Accept": "text/event-stream"}


async def call(hub: RunningHub, token: str, tool: str, **arguments: object) -> Any:
    answer = await hub.http.post(
        f"{hub.gateway}/mcp/tools/call",
        headers={"Authorization": f"Bearer {token}"},
        json={"tool_name": tool, "arguments": arguments},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@thorough  # it waits until a server counts as idle
async def test_a_server_that_runs_code_stays_and_an_idle_one_is_stopped(
    tmp_path: Path, node_tools: NodeTools
) -> None:
    options: dict[str, Any] = {
        "configure": {
            "idle_minutes": IDLE_SECONDS / 60,
            "frame_ancestors": ["http://x.localhost"],
            "prestart": ["idle"],
        },
        "traits": {
            "Authenticator": {"allowed_users": ["idle"]},
            "Spawner": {"environment": ACTIVITY},
            "JupyterHub": {"last_activity_interval": 2, "activity_resolution": 1},
        },
    }
    async with running_hub(tmp_path / "hub", node_tools, **options) as hub:

        async def idle_is_started() -> bool:
            server = (await hub.model("idle"))["servers"].get("")
            return bool(server and server["ready"])

        # It was started with the Hub, by a service that may start this one and nothing else.
        await hub.until(idle_is_started, IDLE_SECONDS * 5, "the server of `prestart` is started")

        busy = await hub.user("busy")
        opened = await call(hub, busy, "use_notebook", notebook_path="a.ipynb", mode="create")
        session = opened["result"]["session_id"]
        await call(hub, busy, "execute_code", session_id=session, code=CODE, wait=0)

        answer = await hub.http.get(
            f"{hub.url}/user/busy/lab", headers={"Authorization": f"Bearer {busy}"}
        )
        policy = answer.headers["Content-Security-Policy"]
        assert policy == "frame-ancestors 'self' http://x.localhost"

        async def idle_is_stopped() -> bool:
            return not (await hub.model("idle"))["servers"]

        # A tab with its workbench that somebody has forgotten.
        forgotten = {"Authorization": f"Bearer {await hub.user('idle')}", **EVENTS}
        async with hub.http.stream(
            "GET", f"{hub.gateway}/jmcp/v1/activity", headers=forgotten
        ) as stream:
            assert stream.status_code == 200
            await hub.until(idle_is_stopped, IDLE_SECONDS * 5, "the idle server is stopped")
        assert (await hub.model("busy"))["servers"][""]["ready"]
        # Long after the other: it counts as used because it runs code, and nobody calls it.
        log = hub.log.read_text()
        assert "Culling server idle" in log
        assert "Culling server busy" not in log
