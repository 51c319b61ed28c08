"""What deploy/systemd starts, without systemd: the commands of its units, with the shipped configuration.

Only paths and ports are others, and of the Hub who may log in and what starts users' servers: processes,
for systemd is not what makes them here.
"""

from __future__ import annotations

import grp
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.deploy.files import DEPLOY
from tests.hub.running_hub import STOP_SECONDS, RunningHub, free_port

SYSTEMD = DEPLOY / "systemd"
STARTED = ("jmcp-proxy", "jmcp-hub", "jmcp-gateway")
"""In the order in which they start."""
INSTEAD = """
exec(compile(open({shipped!r}).read(), {shipped!r}, "exec"))
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.pre_spawn_hook = None
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [*c.Spawner.args, "--allow-root"]
c.Spawner.env_keep = ["PATH", "LANG", "VIRTUAL_ENV"]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "demo"
c.Authenticator.allow_all = True
c.JupyterHub.services += [{{"name": "tests", "api_token": {token!r}}}]
scopes = ["admin:users", "admin:servers", "admin:server_state", "tokens", "read:hub"]
c.JupyterHub.load_roles += [{{"name": "tests", "services": ["tests"], "scopes": scopes}}]
"""


@dataclass(kw_only=True)
class Deployed(RunningHub):
    """`home` has etc/, data/ and the homes of users in data/users/."""

    units: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ports = {
            "8000": urlsplit(self.url).port,
            "8081": urlsplit(self.given["hub_url"]).port,
            "8001": urlsplit(self.given["proxy_api_url"]).port,
            "9100": urlsplit(self.given["gateway_url"]).port,
            "8002": free_port(),
            "9101": free_port(),
        }
        for folder in ("hub", "gateway", "users"):
            (self.data / folder).mkdir(parents=True, mode=0o700)
        told = {"PATH": os.environ["PATH"], "JMCP_ETC": str(self.etc)}
        secrets = [str(SYSTEMD / "secrets.sh"), self.url]
        subprocess.run(secrets, env=told, check=True, capture_output=True)
        shipped = self.etc / "jupyterhub_config.py"
        shipped.write_text(self._here((SYSTEMD / "jupyterhub_config.py").read_text()))
        homes, python, token = str(self.data / "users"), sys.executable, self.admin_token
        text = INSTEAD.format(shipped=str(shipped), homes=homes, python=python, token=token)
        (self.etc / "instead.py").write_text(text)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    def folder(self, name: str) -> Path:
        return self.data / "users" / name

    async def launch(self) -> None:
        for name in STARTED:
            self.run(name)
        await self.until(self._answers, 60, "Hub and gateway")

    def run(self, name: str) -> None:
        """Start one unit."""
        text = (SYSTEMD / f"{name}.service").read_text()
        command = shlex.split(self._here(next(settings(text, "ExecStart"))))
        told: dict[str, str] = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        for line in settings(text, "Environment"):
            told |= variables(self._here(line))
        for line in settings(text, "EnvironmentFile"):
            told |= variables(Path(self._here(line)).read_text())
        (folder,) = [*settings(text, "WorkingDirectory"), str(self.home)][:1]
        if name == "jmcp-hub":
            command[-1] = str(self.etc / "instead.py")
        with self.log.open("ab") as log:
            self.units[name] = subprocess.Popen(
                command,
                cwd=self._here(folder),
                env=told,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.process = self.units["jmcp-hub"] if name == "jmcp-hub" else self.process

    def _here(self, text: str) -> str:
        """With the paths and ports of this machine."""
        proxy = " ".join(self.node.command("configurable-http-proxy"))
        for theirs, ours in {
            "/opt/jmcp/node/bin/configurable-http-proxy": proxy,
            "/opt/jmcp/bin/python": sys.executable,
            "/opt/jmcp/bin": str(Path(sys.executable).parent),
            "/opt/jmcp/deploy": str(DEPLOY),
            "/var/lib/jmcp": str(self.data),
            "/var/backups/jmcp": str(self.home / "backups"),
            "--users /home": f"--users {self.data / 'users'}",
            "--group jmcp": f"--group {grp.getgrgid(os.getgid()).gr_name}",
            "/etc/jmcp": str(self.etc),
        }.items():
            text = text.replace(theirs, ours)
        ports: Mapping[str, Any] = self.ports
        return re.sub(r"(?<=[:=])(8\d{3}|9\d{3})\b", lambda found: str(ports[found[1]]), text)

    async def _answers(self) -> bool:
        for name, process in self.units.items():
            if process.poll() is not None:
                raise AssertionError(f"{name} ended: {self.tail()}")
        try:
            answers = [
                await self.http.get(url)
                for url in (f"{self.url}/hub/health", f"{self.gateway}/health")
            ]
        except httpx2.TransportError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    def backup(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command of the unit for backups, or another one of the same script."""
        text = (SYSTEMD / "jmcp-backup.service").read_text()
        command = shlex.split(self._here(next(settings(text, "ExecStart"))))
        if arguments:
            script = command.index("create")
            command = [*command[:script], *arguments, "--to", str(self.home / "backups")]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    async def end(self, number: int = signal.SIGTERM) -> None:
        for name in reversed(STARTED):
            self.stop_one(name, number)

    def stop_one(self, name: str, number: int = signal.SIGTERM) -> None:
        process = self.units.pop(name, None)
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    async def destroy(self) -> None:
        """As when the machine's disk is lost, with all that ran on it."""
        for user in (await self.api("GET", "/users?state=active")).json():
            for server in user["servers"].values():
                os.killpg(os.getpgid(server["state"]["pid"]), signal.SIGKILL)
        # Not SIGKILL, which leaves the Hub's own services behind where no systemd ends them.
        await self.end()
        shutil.rmtree(self.data)


def variables(text: str) -> dict[str, str]:
    """NAME=VALUE, as systemd reads a line of its own and a file of them."""
    pairs = (word.partition("=") for word in shlex.split(text))
    return {name: value for name, _, value in pairs}


def settings(unit: str, name: str) -> Iterator[str]:
    """The values of a setting of a unit, in their order."""
    yield from re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
