"""What a gateway does without, each replica of which costs memory, and each restart time."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"mcp", "mcp_types", "jupyterhub", "jupyter_server", "tornado", "pycrdt", "jinja2"}


def test_the_process_of_the_gateway_loads_neither_the_sdk_nor_jupyter() -> None:
    code = (
        "import sys, jmcp.cli.main, jmcp.cli.hub, jmcp.hub.gateway.process;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.split())
