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
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import psutil

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


class LocalTransport(httpx2.AsyncHTTPTransport):
    """Finds every host on this machine, as browsers find those below localhost, and few resolvers do."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # A request of its own: cookies go by the URL of the one that was made.
        here = httpx2.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await super().handle_async_request(here)


@dataclass(kw_only=True)
class RunningHub:
    """One Hub. `url` is its public one, `gateway` the gateway's there, without a slash at the end.

    With `own_proxy` the proxy is a process of its own and users' servers are left running when the
    Hub ends, so that both are there when it starts again. With `subdomains` the Hub, the gateway and
    each user's server have hosts of their own.
    """

    home: Path
    node: NodeTools
    options: Mapping[str, Any] = field(default_factory=dict)
    own_proxy: bool = False
    subdomains: bool = False
    config: Path = CONFIGURATION
    admin_token: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    proxy: subprocess.Popen[bytes] | None = field(default=None, init=False)
    proxy_token: str = field(default_factory=lambda: secrets.token_hex(16))
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
        if self.subdomains:
            host = f"hub.localhost:{ports[0]}"
            self.url = f"http://{host}"
            self.gateway = f"http://jmcp--service.{host}/services/jmcp"
            self.given["traits"] = {"JupyterHub": {"subdomain_host": self.url}}
        traits = {name: dict(more) for name, more in self.given.get("traits", {}).items()}
        traits.setdefault("ConfigurableHTTPProxy", {})["auth_token"] = self.proxy_token
        if self.own_proxy:
            traits.setdefault("JupyterHub", {})["cleanup_servers"] = False
            traits["ConfigurableHTTPProxy"]["should_start"] = False
        self.given["traits"] = traits

    async def start(self) -> None:
        """Start it, and return when Hub and gateway answer."""
        self.http = httpx2.AsyncClient(transport=LocalTransport(), timeout=60)
        self.home.mkdir(parents=True, exist_ok=True)
        if self.own_proxy:
            self.proxy = self._launched_proxy()
        await self.launch()

    def _launched_proxy(self) -> subprocess.Popen[bytes]:
        public, api = urlsplit(self.given["public_url"]), urlsplit(self.given["proxy_api_url"])
        command = [
            *self.given["proxy_command"],
            f"--ip={public.hostname}",
            f"--port={public.port}",
            f"--api-ip={api.hostname}",
            f"--api-port={api.port}",
            f"--error-target={self.given['hub_url']}/hub/error",
            "--timeout=60000",
        ]
        return self._process(command, {"CONFIGPROXY_AUTH_TOKEN": self.proxy_token})

    async def launch(self) -> None:
        """The process of the Hub alone, after one that has ended."""
        (self.home / "home").mkdir(exist_ok=True)
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.config)]
        self.process = self._process(command, {"JMCP_TEST_HUB": json.dumps(self.given)})
        await self.until(self._answers, READY_SECONDS, "Hub and gateway")

    def _process(
        self, command: Sequence[str], variables: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        environment = self.node.environment(
            JUPYTER_CONFIG_DIR=str(self.home / "jupyter_config"),
            JUPYTER_DATA_DIR="",
            PYTHONUNBUFFERED="1",
            **variables,
        )
        for name in [one for one in environment if one.startswith(("JUPYTER_DATA", "JUPYTERHUB"))]:
            del environment[name]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
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
        if self.own_proxy:
            await asyncio.to_thread(self._end_others)

    def _end_others(self) -> None:
        """The proxy, and users' servers with their kernels: what the Hub leaves running."""
        if self.proxy is not None:
            self.proxy.terminate()
            self.proxy.wait(STOP_SECONDS)
        left = self.processes(self.home / "home")
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, STOP_SECONDS)

    def processes(self, folder: Path) -> list[psutil.Process]:
        """Those that run in or below that folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if folder in (where := Path(process.cwd())).parents or where == folder:
                    found.append(process)
        return found

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
        await self.api("POST", f"/users/{quote(name)}")
        body = {"note": "tests", "scopes": [scope.format(name) for scope in scopes]}
        answer = await self.api("POST", f"/users/{quote(name)}/tokens", json=body)
        answer.raise_for_status()
        return str(answer.json()["token"])

    async def model(self, name: str) -> dict[str, Any]:
        return dict((await self.api("GET", f"/users/{quote(name)}")).json())

    async def kill(self, name: str) -> None:
        """End that user's server as a lack of memory does, and return when it is gone."""
        state = (await self.model(name))["servers"][""]["state"]
        process = psutil.Process(state["pid"])
        process.kill()
        await asyncio.to_thread(psutil.wait_procs, [process], STOP_SECONDS)

    async def gateway_process(self) -> psutil.Process:
        answer = await self.api("GET", "/services/jmcp")
        return psutil.Process(answer.json()["pid"])

    def folder(self, name: str) -> Path:
        """Where that user's notebooks are."""
        return self.home / "home" / name


@asynccontextmanager
async def running_hub(
    home: Path,
    node: NodeTools,
    *,
    own_proxy: bool = False,
    subdomains: bool = False,
    **options: Any,
) -> AsyncIterator[RunningHub]:
    hub = RunningHub(
        home=home, node=node, options=options, own_proxy=own_proxy, subdomains=subdomains
    )
    try:
        await hub.start()
        yield hub
    finally:
        await hub.stop()
