"""The client of FastMCP, through one session: prints a report."""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

COUNTING = "import time\nfor i in range(2):\n    print(i, flush=True)\n    time.sleep(0.6)"
SLEEPING = "print('begun', flush=True)\nimport time\ntime.sleep(60)"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
PLOT = f"import base64\nfrom IPython.display import Image, display\ndisplay(Image(base64.b64decode('{PIXEL}')))"


def transport(given):
    if given["transport"] == "stdio":
        return StdioTransport(**given["server"])
    return StreamableHttpTransport(given["url"], headers=given["headers"])


async def main(given):
    notebook, report, progress = given["notebook"], {}, []
    async with Client(transport(given)) as client:
        report["server"] = client.server_info.name
        report["tools"] = [tool.name for tool in await client.list_tools()]
        opened = await client.call_tool(
            "use_notebook", {"notebook_path": notebook, "mode": "create"}
        )
        session_id = opened.structured_content["session_id"]

        async def on_progress(done, total, message):
            progress.append(done)

        ran = await client.call_tool(
            "insert_execute_code_cell",
            {"session_id": session_id, "cell_index": -1, "cell_source": COUNTING},
            progress_handler=on_progress,
        )
        report["printed"] = ran.structured_content["outputs"][0]["text"]
        report["progress"] = progress
        shown = await client.call_tool("execute_code", {"session_id": session_id, "code": PLOT})
        report["images"] = [one.mime_type for one in shown.content if one.type == "image"]
        failed = await client.call_tool(
            "read_cell", {"session_id": session_id, "cell_index": 99}, raise_on_error=False
        )
        report["error"] = [failed.is_error, failed.meta["jmcp/error"]["code"]]
        contents = await client.read_resource(f"notebook://{notebook}")
        report["resource"] = "range(2)" in contents[0].text
        report["templates"] = len(await client.list_resource_templates())
        given_to = {"prompt": "What is this?", "cell_indices": "0", "notebook_name": notebook}
        cited = await client.get_prompt("jupyter_cite", given_to)
        report["prompt"] = "What is this?" in cited.messages[0].content.text

        begun = asyncio.Event()

        async def on_begun(done, total, message):
            begun.set()

        sleeping = asyncio.ensure_future(
            client.call_tool(
                "execute_code",
                {"session_id": session_id, "code": SLEEPING},
                progress_handler=on_begun,
            )
        )
        await begun.wait()
        sleeping.cancel()
        await asyncio.wait([sleeping])
        report["cancelled"] = "rejected" if sleeping.cancelled() else "not"
        after = await client.call_tool("execute_code", {"session_id": session_id, "code": "6 * 7"})
        report["after"] = after.structured_content["outputs"][0]["text"]
        await client.call_tool("unuse_notebook", {"session_id": session_id, "kernel": "stop"})
    sys.stdout.write(json.dumps(report) + "\n")


asyncio.run(main(json.loads(sys.argv[1])))
