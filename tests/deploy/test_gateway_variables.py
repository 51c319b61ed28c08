"""The gateway starts by the variables of each deployment, which no Hub has set."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import yaml
from traitlets.config import Config

from jmcp.hub.configuration.addresses import addresses
from jmcp.hub.configuration.services import gateway_environment, scopes_for
from jmcp.hub.configuration.spawners import spawner_of
from jmcp.hub.gateway.settings import GatewaySettings
from tests.deploy.deployed import settings, variables
from tests.deploy.files import DEPLOY, read_yaml
from tests.deploy.test_compose import VARIABLE
from tests.served import free_port
from tests.thorough import thorough

SECONDS = 60


def of_compose(folder: Path) -> dict[str, str]:
    """With what somebody has in .env who wants Redis."""
    service = read_yaml(DEPLOY / "compose" / "compose.yaml")["services"]["gateway"]
    given = {"JMCP_GATEWAY_TOKEN": "t" * 64, "JMCP_GATEWAY_STORE": "redis://:secret@redis:6379/0"}

    def filled(text: str) -> str:
        return VARIABLE.sub(
            lambda found: given.get(found[1]) or (found[3] if found[2] == ":-" else ""), text
        )

    return {name: filled(str(value)) for name, value in service["environment"].items()}


def of_z2jh(folder: Path) -> dict[str, str]:
    script = str(DEPLOY / "z2jh" / "secrets.sh")
    told = {"PATH": os.environ["PATH"], "OAUTH_CLIENT_SECRET": "x"}
    done = subprocess.run([script], env=told, capture_output=True, text=True, check=True)
    secret = yaml.safe_load(done.stdout)["stringData"]
    text = (DEPLOY / "z2jh" / "manifests" / "gateway.yaml").read_text()
    deployment = next(yaml.safe_load_all(text))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {
        one["name"]: one["value"]
        if "value" in one
        else secret[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container["env"]
    }


def of_systemd(folder: Path) -> dict[str, str]:
    unit = (DEPLOY / "systemd" / "jmcp-gateway.service").read_text()
    found: dict[str, str] = {}
    for line in settings(unit, "Environment"):
        found |= variables(line)
    for line in settings(unit, "EnvironmentFile"):
        told = {"PATH": os.environ["PATH"], "JMCP_ETC": str(folder / "etc")}
        command = [str(DEPLOY / "systemd" / "secrets.sh"), "https://hub.example.org"]
        subprocess.run(command, env=told, capture_output=True, check=True)
        found |= variables((folder / "etc" / Path(line).name).read_text())
    return found


@pytest.mark.parametrize(
    ("deployment", "spawner"),
    [(of_compose, "docker"), (of_z2jh, "kubespawner.KubeSpawner"), (of_systemd, "systemd")],
    ids=["compose", "z2jh", "systemd"],
)
def test_it_is_told_all_that_the_hub_would_tell_its_own(
    deployment: Callable[[Path], dict[str, str]], spawner: str, tmp_path: Path
) -> None:
    told = deployment(tmp_path)
    c = Config()
    where = addresses(
        c,
        name="jmcp",
        public_url=told["JMCP_GATEWAY_PUBLIC_URL"],
        proxy_url=told["JMCP_GATEWAY_PROXY_URL"],
        gateway_url="http://gateway:9100",
    )
    wanted = gateway_environment(
        where,
        {},
        scopes=scopes_for(spawner_of(spawner)),
        frames=False,
        max_servers=int(told["JMCP_GATEWAY_MAX_SERVERS"]),
    )
    assert {name: told.get(name) for name in wanted} == wanted
    # Raises where one of the Hub's own is missing.
    given = GatewaySettings.from_environment(told)
    assert given.metrics_token or deployment is of_compose
    assert given.api_token


@thorough
@pytest.mark.parametrize("deployment", [of_compose, of_z2jh], ids=["compose", "z2jh"])
async def test_it_starts_and_is_healthy(
    deployment: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    redis, port = free_port(), free_port()
    told = deployment(tmp_path)
    match = re.match(r"redis://:(\w+)@", told["JMCP_GATEWAY_STORE"])
    assert match, told["JMCP_GATEWAY_STORE"]
    store = f"redis://:{match[1]}@127.0.0.1:{redis}/0"
    here = {
        "PATH": os.environ["PATH"],
        "JUPYTERHUB_SERVICE_URL": told["JUPYTERHUB_SERVICE_URL"].replace("9100", str(port)),
        "JMCP_GATEWAY_STATE": str(tmp_path / "state"),
        "JMCP_GATEWAY_STORE": store,
        "HOME": str(tmp_path),
    }
    command = ["redis-server", "--port", str(redis), "--requirepass", match[1], "--save", ""]
    with (tmp_path / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=log)
        gateway = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jmcp", "hub", "gateway"),
            env=told | here,
            stdout=log,
            stderr=log,
        )
        try:
            async with asyncio.timeout(SECONDS), httpx2.AsyncClient() as client:
                url = f"http://127.0.0.1:{port}/services/jmcp/health"
                while not await answers(client, url):
                    assert gateway.returncode is None, (tmp_path / "log").read_text()
                    await asyncio.sleep(0.1)
        finally:
            for process in (gateway, server):
                if process.returncode is None:
                    process.terminate()
                await process.wait()


async def answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx2.TransportError:
        return False
