"""One trace from a client through the gateway of a real Hub into its user's kernel."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from tests.hub.running_hub import running_hub
from tests.node_tools import NodeTools
from tests.otlp_collector import collector
from tests.thorough import thorough

CODE = {"cell_source": "1 + 1", "cell_index": -1}


@thorough  # a Hub of its own; the parts are tested by themselves
async def test_a_trace_leads_through_the_gateway_into_the_kernel(
    tmp_path: Path, node_tools: NodeTools
) -> None:
    with collector() as made:
        options: dict[str, Any] = {"configure": {"traces": made.url}}
        async with running_hub(tmp_path / "hub", node_tools, **options) as hub:
            headers = {"Authorization": f"Bearer {await hub.user('ada')}"}
            rest = f"{hub.gateway}/jmcp/v1/sessions"
            opened = await hub.http.post(
                rest, json={"notebook_path": "a.ipynb", "mode": "create"}, headers=headers
            )
            session_id = opened.json()["session_id"]
            trace = secrets.token_hex(16)
            parent = f"00-{trace}-{secrets.token_hex(8)}-01"
            ran = await hub.http.post(
                f"{rest}/{session_id}/executions",
                json=CODE,
                headers={**headers, "traceparent": parent},
            )
            assert ran.is_success, ran.text
            spans = await made.of(trace, lambda found: len(found) == 4)
    by_name = {span.name: span for span in spans}
    gateway = by_name["gateway POST /jmcp"]
    call = by_name["execute_tool insert_execute_code_cell"]
    assert gateway.parent == parent.split("-")[2]
    assert call.parent == gateway.span
    for name in ("wait for the kernel", "run in the kernel"):
        assert by_name[name].parent == call.span
    assert gateway.resource["service.name"] == "jmcp-gateway"
    assert call.resource["service.name"] == "jmcp"
    assert call.resource["jupyterhub.user"] == "ada"
    assert session_id.encode() not in made.raw
