"""A real JupyterHub with its proxy and gateway, for code without an event loop of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clients.mcp import ModernClient
from tests.hub.running_hub import RunningHub
from tests.node_tools import MISSING, NodeTools, found_node

PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    hub: RunningHub
    runner: asyncio.Runner

    def user(self, name: str) -> str:
        """A token of that user's."""
        return self.runner.run(self.hub.user(name))

    def gateway_pid(self) -> int:
        return int(self.runner.run(self.hub.gateway_process()).pid)

    def hub_pid(self) -> int:
        assert self.hub.process is not None
        return int(self.hub.process.pid)

    def proxy_pid(self) -> int:
        children = psutil.Process(self.hub_pid()).children()
        return next(
            int(one.pid) for one in children if "configurable-http-proxy" in str(one.cmdline())
        )

    def through_gateway(self, token: str) -> ModernClient:
        return ModernClient(f"{self.hub.gateway}/mcp", token, seconds=PATIENCE_SECONDS)

    def through_proxy(self, name: str, token: str) -> ModernClient:
        """A client of that user's server, as JupyterHub has it without a gateway."""
        url = f"{self.hub.url}/user/{name}/mcp"
        return ModernClient(url, token, seconds=PATIENCE_SECONDS)

    def stop_server(self, name: str) -> None:
        self.runner.run(self._stopped(name))

    async def _stopped(self, name: str) -> None:
        await self.hub.api("DELETE", f"/users/{name}/server")

        async def gone() -> bool:
            return not (await self.hub.model(name))["servers"]

        await self.hub.until(gone, PATIENCE_SECONDS, "the server stops")

    def start_server(self, name: str, token: str) -> float:
        """Seconds until that user's server answers, started as the Hub's own pages do."""
        return self.runner.run(self._started(name, token))

    async def _started(self, name: str, token: str) -> float:
        """The Hub says when it is ready, on the stream that its own page reads."""
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {token}"}
        api = f"{self.hub.url}/hub/api/users/{name}/server"
        (await self.hub.http.post(api, headers=headers, json={})).raise_for_status()
        async with self.hub.http.stream("GET", f"{api}/progress", headers=headers) as answer:
            async for line in answer.aiter_lines():
                if '"ready": true' in line:
                    break
        url = f"{self.hub.url}/user/{name}/api/status"
        (await self.hub.http.get(url, headers=headers)).raise_for_status()
        return time.perf_counter() - began


@contextmanager
def platform(base: Path, **configure: Any) -> Iterator[Platform]:
    """A Hub without limits on calls; `configure` are further arguments of jmcp.hub.configure."""
    node = found_node()
    if node is None:
        raise RuntimeError(MISSING)
    unlimited = {"calls_per_second": 0, "max_open_requests": 0, "state": str(base / "gateway")}
    options = {"configure": {"gateway_settings": unlimited, "max_servers": 0, **configure}}
    with asyncio.Runner() as runner:
        hub = RunningHub(home=base / "hub", node=NodeTools(node=node), options=options)
        try:
            runner.run(hub.start())
            yield Platform(hub=hub, runner=runner)
        finally:
            runner.run(hub.stop())
