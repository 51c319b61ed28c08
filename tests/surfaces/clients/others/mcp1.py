"""The Python SDK before its second version, through one session: prints a report."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import (
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    CancelledNotification,
    CancelledNotificationParams,
    ClientNotification,
    ClientRequest,
)
from pydantic import AnyUrl

COUNTING = "import time\nfor i in range(2):\n    print(i, flush=True)\n    time.sleep(0.6)"
SLEEPING = "print('begun', flush=True)\nimport time\ntime.sleep(60)"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
PLOT = f"import base64\nfrom IPython.display import Image, display\ndisplay(Image(base64.b64decode('{PIXEL}')))"


@asynccontextmanager
async def streams(given):
    if given["transport"] == "stdio":
        async with stdio_client(StdioServerParameters(**given["server"])) as (read, write):
            yield read, write
    else:
        async with streamablehttp_client(given["url"], headers=given["headers"]) as opened:
            yield opened[:2]


async def main(given):
    notebook, report, progress = given["notebook"], {}, []
    async with streams(given) as (read, write), ClientSession(read, write) as client:
        report["server"] = (await client.initialize()).serverInfo.name
        report["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        opened = await client.call_tool(
            "use_notebook", {"notebook_path": notebook, "mode": "create"}
        )
        session_id = opened.structuredContent["session_id"]

        async def on_progress(done, total, message):
            progress.append(done)

        ran = await client.call_tool(
            "insert_execute_code_cell",
            {"session_id": session_id, "cell_index": -1, "cell_source": COUNTING},
            progress_callback=on_progress,
        )
        report["printed"] = ran.structuredContent["outputs"][0]["text"]
        report["progress"] = progress
        shown = await client.call_tool("execute_code", {"session_id": session_id, "code": PLOT})
        report["images"] = [one.mimeType for one in shown.content if one.type == "image"]
        failed = await client.call_tool("read_cell", {"session_id": session_id, "cell_index": 99})
        report["error"] = [failed.isError, failed.meta["jmcp/error"]["code"]]
        read_back = await client.read_resource(AnyUrl(f"notebook://{notebook}"))
        report["resource"] = "range(2)" in read_back.contents[0].text
        report["templates"] = len((await client.list_resource_templates()).resourceTemplates)
        given_to = {"prompt": "What is this?", "cell_indices": "0", "notebook_name": notebook}
        cited = await client.get_prompt("jupyter_cite", given_to)
        report["prompt"] = "What is this?" in cited.messages[0].content.text
        report["cancelled"] = await cancelled(client, session_id)
        after = await client.call_tool("execute_code", {"session_id": session_id, "code": "6 * 7"})
        report["after"] = after.structuredContent["outputs"][0]["text"]
        await client.call_tool("unuse_notebook", {"session_id": session_id, "kernel": "stop"})
    sys.stdout.write(json.dumps(report) + "\n")


async def cancelled(client, session_id):
    """This client has no call for it: the notification names the request by its number."""
    request_id, begun = client._request_id, asyncio.Event()

    async def on_progress(done, total, message):
        begun.set()

    params = CallToolRequestParams(
        name="execute_code", arguments={"session_id": session_id, "code": SLEEPING}
    )
    request = ClientRequest(CallToolRequest(params=params))
    call = asyncio.ensure_future(
        client.send_request(request, CallToolResult, progress_callback=on_progress)
    )
    await begun.wait()
    cancel = CancelledNotification(params=CancelledNotificationParams(requestId=request_id))
    await client.send_notification(ClientNotification(cancel))
    done, _ = await asyncio.wait([call], timeout=5)
    if not done:  # MCP has no answer to what was cancelled
        call.cancel()
        return "rejected"
    return "rejected" if isinstance(call.exception(), McpError) else "not"


asyncio.run(main(json.loads(sys.argv[1])))
