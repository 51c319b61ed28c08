"""What `configure` refuses and allows on a real Hub, on which no server ever starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools

SIZES = {"memory": "256M", "reserve": "1G", "total_memory": "1G"}
"""No server fits."""
TEMPLATES = """
from jmcp.hub.configuration.templates import EXAMPLES
"""


async def failure(hub: RunningHub, name: str) -> dict[str, object]:
    """The last event of the Hub's progress stream."""
    answer = await hub.api("GET", f"/users/{name}/server/progress")
    lines = [line for line in answer.text.splitlines() if line.startswith("data:")]
    return dict(json.loads(lines[-1].removeprefix("data:")))


async def test_a_full_hub_refuses_and_lives(tmp_path: Path, node_tools: NodeTools) -> None:
    options: dict[str, Any] = {
        "configure": SIZES,
        "traits": {"Spawner": {"consecutive_failure_limit": 3}},
    }
    async with running_hub(tmp_path / "hub", node_tools, **options) as hub:
        token = await hub.user("ada")
        for _ in range(12):
            answer = await hub.api("POST", "/users/ada/server")
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"] == "60"
            message = answer.json()["message"]
            assert message.startswith("At capacity: a server of 256M does not fit"), message
            assert "1G of 1G" not in message
        event = await failure(hub, "ada")
        assert event["failed"] is True
        assert "At capacity" in str(event["message"])
        assert (await hub.api("GET", "/users/ada")).json()["servers"] == {}

        answer = await hub.http.post(
            f"{hub.gateway}/mcp/tools/call",
            headers={"Authorization": f"Bearer {token}"},
            json={"tool_name": "list_files", "arguments": {}},
        )
        assert answer.status_code == 503, answer.text
        assert answer.headers["Retry-After"] == "60"
        assert "At capacity" in answer.text
        # The root's metadata reaches the gateway, which the Hub itself would have answered.
        answer = await hub.http.get(
            f"{hub.url}/.well-known/oauth-protected-resource/services/jmcp/mcp"
        )
        assert "/hub/" not in answer.headers.get("location", ""), answer.headers
        assert "X-JupyterHub-Version" not in answer.headers
