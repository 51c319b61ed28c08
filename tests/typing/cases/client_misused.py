"""Must fail: calls that a client's types refuse."""

from __future__ import annotations

from jmcp_api.client import AsyncJmcpClient, JmcpClient


async def misused(client: AsyncJmcpClient, sync: JmcpClient) -> None:
    await client.use_notebook()  # E: Missing positional argument "notebook_path"
    await client.use_notebook("a.ipynb", mode="open")  # E: expected "Literal['connect', 'create']"
    await client.execute_cell(cell_index="0")  # E: expected "int | None"
    await client.execute_cell(None)  # E: Too many positional arguments
    await client.execute_cell(cell=0)  # E: Unexpected keyword argument "cell"
    await client.read_cell(on_progress=print)  # E: Unexpected keyword argument "on_progress"
    print((await client.execute_cell()).cells)  # E: "Execution" has no attribute "cells"
    print(sync.execute_cell().stauts)  # E: "Execution" has no attribute "stauts"; maybe "status"?
    print(client.use_notebook("a.ipynb").session_id)  # E: has no attribute "session_id"
