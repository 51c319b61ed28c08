"""The gateway starts by the variables of each deployment, which no Hub has set."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml

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


@thorough
@pytest.mark.parametrize("deployment", [of_compose, of_z2jh], ids=["compose", "z2jh"])
async def test_it_starts_and_is_healthy(deployment: object, tmp_path: Path) -> None:
    assert callable(deployment)
    redis, port = free_port(), free_port()
    told: dict[str, str] = deployment(tmp_path)
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
