"""What starts jmcp for people: a host of MCP bundles, and an agent that draws its first plot."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult

from tests.stdio import client

PLOT = """\
import matplotlib.pyplot as plt
plt.plot([1, 4, 9]);
"""


def started_by_host(
    bundle: Path, folder: Path, chosen: Path
) -> tuple[str, list[str], dict[str, str]]:
    """The command, arguments and variables with which a host starts the bundle.

    As the host does, it is unpacked (into `folder`), and what a person has chosen put into its
    configuration: here the folder of notebooks.
    """
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    config = json.loads((folder / "manifest.json").read_text())["server"]["mcp_config"]

    def replaced(text: str) -> str:
        text = text.replace("${__dirname}", str(folder))
        return text.replace("${user_config.folder}", str(chosen))

    variables = {name: replaced(value) for name, value in config["env"].items()}
    return config["command"], [replaced(one) for one in config["args"]], variables


async def first_run(server: StdioServerParameters, code: str = PLOT) -> CallToolResult:
    """Have that code run in a new notebook."""
    async with client(server) as agent:
        opened = {"notebook_path": "first.ipynb", "mode": "create"}
        await agent.call_tool("use_notebook", opened)
        added = {"cell_index": -1, "cell_source": code, "wait": 120}
        result = await agent.call_tool("insert_execute_code_cell", added)
        assert isinstance(result, CallToolResult)
        return result
