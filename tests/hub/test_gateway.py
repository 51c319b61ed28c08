"""The gateway in front of a real JupyterHub: each to their own server, started when it is needed."""

from __future__ import annotations

from pathlib import Path

from tests.hub.running_hub import running_hub
from tests.node_tools import NodeTools


async def test_a_call_starts_the_server_of_its_user(tmp_path: Path, node_tools: NodeTools) -> None:
    async with running_hub(tmp_path / "hub", node_tools) as hub:
        alice, bob = await hub.user("alice"), await hub.user("bob")
        answer = await hub.http.get(f"{hub.gateway}/mcp/healthz")
        assert answer.status_code == 401, answer.text
        assert "resource_metadata=" in answer.headers["WWW-Authenticate"]

        for name, token in (("alice", alice), ("bob", bob)):
            answer = await hub.http.post(
                f"{hub.gateway}/mcp/tools/call",
                headers={"Authorization": f"Bearer {token}"},
                json={
                    "tool_name": "use_notebook",
                    "arguments": {"notebook_path": f"{name}.ipynb", "mode": "create"},
                },
            )
            assert answer.status_code == 200, answer.text
            assert (hub.folder(name) / f"{name}.ipynb").is_file()
