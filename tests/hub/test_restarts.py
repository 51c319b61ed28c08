"""The gateway and the Hub restart under load: no acknowledged edit is lost, and none is made twice."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.hub.hub_user import HubUser, hub_user, message_of
from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools
from tests.thorough import thorough

MORE = 5
"""So many edits have to be acknowledged after a restart before the next."""
BOUND_SECONDS = 90


@dataclass(kw_only=True)
class Editor:
    """Inserts one cell after the other, and never one again. `unsure` are those without an answer."""

    user: HubUser
    session: str
    acknowledged: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    number: int = 0

    async def work(self) -> None:
        while True:
            self.number += 1
            source = f"{self.user.name} = {self.number}"
            cell = {"cell_index": -1, "cell_type": "code", "cell_source": source}
            arguments = {"session_id": self.session, **cell}
            try:
                params = {"name": "insert_cell", "arguments": arguments}
                answer = await self.user.message("tools/call", params, {"Mcp-Name": "insert_cell"})
                done = answer.is_success and not message_of(answer)["result"].get("isError")
            except (httpx2.TransportError, IndexError, KeyError, ValueError):
                done = False
            (self.acknowledged if done else self.unsure).append(source)
            if not done:
                await asyncio.sleep(0.05)  # the proxy answers at once that nobody is there

    async def goes_on(self, hub: RunningHub) -> None:
        """Returns when more edits are acknowledged than until now."""
        wanted = len(self.acknowledged) + MORE

        async def enough() -> bool:
            return len(self.acknowledged) >= wanted

        await hub.until(enough, BOUND_SECONDS, "edits are acknowledged again")

    async def check(self) -> None:
        """Each acknowledged edit is there once, in its order; what had no answer is there at most once."""
        text, start = "", 0
        while True:
            page = {"start_index": start, "limit": 1000}
            read = await self.user.call("read_notebook", session_id=self.session, **page)
            text += json.dumps(read)
            if "more" not in read:
                break
            start = read["more"]["start_index"]
        found = [source for source in self.acknowledged if f'"{source}"' in text]
        assert found == self.acknowledged
        for source in [*self.acknowledged, *self.unsure]:
            assert text.count(f'"{source}"') <= 1, source


@thorough  # a Hub of its own
async def test_no_edit_is_lost_or_doubled(tmp_path: Path, node_tools: NodeTools) -> None:
    settings = {"calls_per_second": 0, "state": str(tmp_path / "hub" / "gateway")}
    options: dict[str, Any] = {"configure": {"gateway_settings": settings}}
    async with running_hub(tmp_path / "hub", node_tools, own_proxy=True, **options) as hub:
        users = [await hub_user(hub, name) for name in ("ada", "ben")]
        editors = [Editor(user=user, session=await user.session("edits.ipynb")) for user in users]
        pids = {
            user.name: (await hub.model(user.name))["servers"][""]["state"]["pid"] for user in users
        }
        tasks = [asyncio.create_task(editor.work()) for editor in editors]
        try:
            await asyncio.gather(*(editor.goes_on(hub) for editor in editors))

            # The gateway alone, in order and by force: the Hub starts it again.
            for kill in (psutil.Process.terminate, psutil.Process.kill):
                gateway = await hub.gateway_process()
                kill(gateway)
                await asyncio.to_thread(psutil.wait_procs, [gateway], BOUND_SECONDS)
                await asyncio.gather(*(editor.goes_on(hub) for editor in editors))

            # The Hub, which ends its gateway too. The proxy and the servers stay.
            await hub.end()
            await hub.launch()
            await asyncio.gather(*(editor.goes_on(hub) for editor in editors))

            # The proxy, which forgets all routes: the Hub makes them again.
            assert hub.proxy is not None
            hub.proxy.kill()
            hub.proxy.wait()
            hub.proxy = hub._launched_proxy()
            await asyncio.gather(*(editor.goes_on(hub) for editor in editors))
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
        for editor in editors:
            await editor.check()
            assert editor.unsure, "the restarts were not under load"
        now = {
            user.name: (await hub.model(user.name))["servers"][""]["state"]["pid"] for user in users
        }
        assert now == pids, "a server was started again"
