"""A real JupyterHub with its proxy, users' servers in processes and the gateway, in a folder of its own."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.node_tools import NodeTools

CONFIGURATION = Path(__file__).parent / "jupyterhub_config.py"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
PAUSE_SECONDS = 0.1
SCOPES = ("access:services!service=jmcp", "access:servers!user={0}", "servers!user={0}")
"""What a token of a user's needs for the gateway."""


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@dataclass(kw_only=True)
class RunningHub:
    """One Hub. `url` is its public one, `gateway` the gateway's there, without a slash at the end."""

    home: Path
    node: NodeTools
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Path = CONFIGURATION
    admin_token: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        ports = [free_port() for _ in range(4)]
        public, hub, proxy_api, gateway = (f"http://127.0.0.1:{port}" for port in ports)
        self.url = public
        self.gateway = f"{public}/services/jmcp"
        self.given = {
            "home": str(self.home),
            "public_url": public,
            "hub_url": hub,
            "proxy_api_url": proxy_api,
            "gateway_url": gateway,
            "proxy_command": self.node.command("configurable-http-proxy"),
            "admin_token": self.admin_token,
            **self.options,
        }

    async def start(self) -> None:
        """Start it, and return when Hub and gateway answer."""
        self.http = httpx2.AsyncClient(timeout=60, trust_env=False)
        await self.launch()

    async def launch(self) -> None:
        """The process of the Hub alone, after one that has ended."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "home").mkdir(exist_ok=True)
        environment = self.node.environment(
            JMCP_TEST_HUB=json.dumps(self.given),
            JUPYTER_CONFIG_DIR=str(self.home / "jupyter_config"),
            JUPYTER_DATA_DIR="",
            PYTHONUNBUFFERED="1",
        )
        for name in [one for one in environment if one.startswith(("JUPYTER_DATA", "JUPYTERHUB"))]:
            del environment[name]
        self.process = self._process(environment)
        await self.until(self._answers, READY_SECONDS, "Hub and gateway")

    def _process(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(self.config)],
                cwd=self.home,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> Path:
        return self.home / "hub.log"

    async def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the Hub ended: {self.tail()}")
        try:
            answer = await self.http.get(f"{self.gateway}/health")
        except httpx2.TransportError:
            return False
        return answer.status_code == 200

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def until(self, condition: Any, seconds: float, what: str) -> None:
        """Returns when `await condition()` is true. AssertionError, with the Hub's log, when it is not
        within so many seconds."""
        end = time.monotonic() + seconds
        while not await condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds:g} s\n{self.tail()}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def stop(self) -> None:
        await self.http.aclose()
        await self.end()

    async def end(self, number: int = signal.SIGTERM) -> None:
        """End the process of the Hub, with all that it started and did not leave behind on purpose."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    # -- users -----------------------------------------------------------------------------------

    async def api(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """A call of the Hub's REST API with all the rights that tests need."""
        headers = {"Authorization": f"Bearer {self.admin_token}"}
        return await self.http.request(method, f"{self.url}/hub/api{path}", headers=headers, **more)

    async def user(self, name: str, scopes: Sequence[str] = SCOPES) -> str:
        """A token of that user's, who is added if need be."""
        await self.api("POST", f"/users/{name}")
        body = {"note": "tests", "scopes": [scope.format(name) for scope in scopes]}
        answer = await self.api("POST", f"/users/{name}/tokens", json=body)
        answer.raise_for_status()
        return str(answer.json()["token"])

    async def model(self, name: str) -> dict[str, Any]:
        return dict((await self.api("GET", f"/users/{name}")).json())

    def folder(self, name: str) -> Path:
        """Where that user's notebooks are."""
        return self.home / "home" / name


@asynccontextmanager
async def running_hub(home: Path, node: NodeTools, **options: Any) -> AsyncIterator[RunningHub]:
    hub = RunningHub(home=home, node=node, options=options)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()
