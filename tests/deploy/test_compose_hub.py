"""The Hub's configuration of deploy/compose, read as JupyterHub reads it, and a server that DockerSpawner starts by it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jmcp.hub.configuration.addresses import addresses
from jmcp.hub.configuration.templates import EXAMPLES
from tests.deploy.engine import VERSION, Engine, running
from tests.deploy.files import DEPLOY, read_yaml
from tests.thorough import thorough

HUB = DEPLOY / "compose" / "hub"
TOLD = {
    "ADMINS": "ada,bob",
    "LOGIN": "shared-password",
    "USER_PASSWORD": "a-password-of-all",
    "ADMIN_PASSWORD": "a-password-of-administrators-that-is-long",
    "DATA": "/srv/jmcp",
    "GATEWAY_TOKEN": "token-of-the-gateway",
    "METRICS_TOKEN": "token-of-prometheus",
    "PUBLIC_URL": "https://hub.example.org",
    # So that the test does not depend on the machine's memory.
    "RESERVE": "64M",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in TOLD.items():
        monkeypatch.setenv(f"JMCP_{name}", value)
    monkeypatch.syspath_prepend(str(HUB))
    return monkeypatch


def read() -> Config:
    read: Config = PyFileConfigLoader("jupyterhub_config.py", str(HUB)).load_config()
    return read


@pytest.fixture
def engine(told: pytest.MonkeyPatch) -> Iterator[Engine]:
    one = Engine()
    with running(one) as address:
        told.setenv("DOCKER_HOST", address)
        yield one


def spawner(c: Config, users: Path) -> Any:
    """As the Hub makes one for a user."""
    hook = c.Spawner.pre_spawn_hook.before
    hook.__globals__["USERS"] = users
    user = SimpleNamespace(name="Ada.L", settings={}, url="/user/ada/")
    one = c.JupyterHub.spawner_class(config=c, user=user)
    # What it needs of a whole Hub; the rest of a start is Docker's.
    one.get_env = lambda: {"JUPYTERHUB_API_URL": c.JupyterHub.hub_connect_url}
    one.client_kwargs = {"version": VERSION}
    one.__class__._client = None
    hook(one)
    return one


async def test_a_server_is_a_container_without_rights_on_its_users_own_network(
    engine: Engine, tmp_path: Path
) -> None:
    one = spawner(read(), tmp_path)
    address = await one.start()

    assert address == ("10.201.0.4", 8888)
    (network,) = engine.networks.values()
    assert network["Internal"] is True
    assert set(network["Containers"]) == {"c-hub", "c-proxy", "c1"}
    assert network["Containers"]["c-hub"]["Aliases"] == ["hub"]
    (subnet,) = network["IPAM"]["Config"]
    assert IPv4Network(subnet["Subnet"]).subnet_of(IPv4Network("10.201.0.0/16"))
    (made,) = engine.created
    host = made["HostConfig"]
    assert made["User"] == "1000:1000"
    assert host["NetworkMode"] == network["Name"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["PidsLimit"] == 1024
    assert host["Init"] is True
    assert host["Memory"] == 2 * 2**30
    assert host["CpuQuota"] == host["CpuPeriod"]
    assert not host.get("Privileged")
    assert not host.get("PortBindings")
    assert host["Binds"] == [f"/srv/jmcp/users/{one.escaped_name}:/home/jovyan:rw"]
    variables = dict(line.split("=", 1) for line in made["Env"])
    assert variables["JUPYTERHUB_API_URL"] == "http://hub:8081"
    assert {path.name for path in (tmp_path / one.escaped_name).iterdir()} == {
        "notebooks",
        "data",
        "config",
    }
    assert await one.poll() is None

    await one.stop()
    assert engine.containers == engine.networks == {}


async def test_a_hub_that_is_new_is_on_the_networks_of_servers_that_run(
    engine: Engine, tmp_path: Path
) -> None:
    """Its own container was made anew, so that Docker has taken it from all networks."""
    one = spawner(read(), tmp_path)
    await one.start()
    (network,) = engine.networks.values()
    del network["Containers"]["c-hub"]
    assert await one.poll() is None
    assert set(network["Containers"]) == {"c-hub", "c-proxy", "c1"}
    await one.stop()


async def test_a_start_that_fails_leaves_no_network(engine: Engine, tmp_path: Path) -> None:
    one = spawner(read(), tmp_path)
    engine.starts = refuses
    with pytest.raises(Exception, match="no space left"):
        await one.start()
    await one.stop()
    assert engine.networks == {}


def refuses(_: Any, name: str) -> tuple[int, Any]:
    return 500, {"message": f"no space left for {name}"}


def test_it_is_what_the_readers_of_env_example_expect(told: pytest.MonkeyPatch) -> None:
    c = read()
    services = {one["name"]: one for one in c.JupyterHub.services}
    assert services["jmcp"]["url"] == "http://gateway:9100"
    assert services["jmcp"]["api_token"] == TOLD["GATEWAY_TOKEN"]
    assert "command" not in services["jmcp"]
    names = [one["name"] for one in services["jmcp"]["info"]["templates"]]
    assert names == [template.name for template in EXAMPLES]
    assert set(services) >= {"prometheus", "metrics", "jupyterhub-idle-culler"}
    (rights,) = [one for one in c.JupyterHub.load_roles if one["name"] == "metrics"]
    assert rights["scopes"] == ["list:users", "read:servers", "read:users:activity"]
    assert c.Authenticator.admin_users == {"ada", "bob"}
    assert c.JupyterHub.cleanup_servers is False
    assert c.ConfigurableHTTPProxy.should_start is False


def test_with_a_host_for_each_user_hub_and_gateway_are_told_the_same(
    told: pytest.MonkeyPatch,
) -> None:
    services = read_yaml(DEPLOY / "compose" / "subdomains.yaml")["services"]
    of = {
        name: {
            variable: re.sub(r"\$\{JMCP_DOMAIN[^}]*\}", "hub.example.org", value)
            for variable, value in service["environment"].items()
        }
        for name, service in services.items()
    }
    told.setenv("JMCP_SUBDOMAIN_HOST", of["hub"]["JMCP_SUBDOMAIN_HOST"])
    c = read()
    where = addresses(
        c,
        name="jmcp",
        public_url=TOLD["PUBLIC_URL"],
        proxy_url=None,
        gateway_url="http://gateway:9100",
    )
    assert of["gateway"]["JMCP_GATEWAY_PUBLIC_URL"] == where.gateway_origin
    assert of["gateway"]["JMCP_GATEWAY_SUBDOMAIN_HOST"] == where.subdomain_host
    assert of["gateway"]["JUPYTERHUB_HOST"] == where.public_url
    assert of["gateway"]["JUPYTERHUB_PUBLIC_HUB_URL"] == f"{where.public_url}/hub/"
    callback = f"{where.gateway_origin}/services/jmcp/oauth_callback"
    assert of["gateway"]["JUPYTERHUB_OAUTH_CALLBACK_URL"] == callback
    assert all(route.startswith("jmcp--service.hub.example.org/") for route in c.Proxy.extra_routes)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ADMINS", "", "JMCP_ADMINS is not set in .env"),
        ("LOGIN", "", "JMCP_LOGIN is not set in .env: shared-password to try it out"),
        ("LOGIN", "everybody", "it is shared-password or oidc"),
        ("USER_PASSWORD", "", "JMCP_USER_PASSWORD is not set"),
        ("GATEWAY_TOKEN", "", "JMCP_GATEWAY_TOKEN is not set"),
    ],
)
def test_what_lacks_is_named(told: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    told.setenv(f"JMCP_{name}", value)
    with pytest.raises(SystemExit, match=said):
        read()


def test_an_openid_provider_is_asked_where_it_is(told: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provider = tmp_path / ".well-known"
    provider.mkdir()
    endpoints = {
        f"{name}_endpoint": f"https://login.example.org/{name}"
        for name in ("authorization", "token", "userinfo")
    }
    (provider / "openid-configuration").write_text(json.dumps(endpoints))
    told.setenv("JMCP_LOGIN", "oidc")
    for name, value in (
        ("ISSUER", tmp_path.as_uri()),
        ("CLIENT_ID", "hub"),
        ("CLIENT_SECRET", "secret"),
    ):
        told.setenv(f"JMCP_OIDC_{name}", value)
    c = read()
    assert c.GenericOAuthenticator.token_url == "https://login.example.org/token"
    assert c.GenericOAuthenticator.oauth_callback_url == (
        "https://hub.example.org/hub/oauth_callback"
    )
    told.setenv("JMCP_OIDC_ISSUER", (tmp_path / "nobody").as_uri())
    with pytest.raises(SystemExit, match="does not answer as a provider does"):
        read()


@thorough
def test_jmcp_hub_check_finds_no_problem(told: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "jmcp", "hub", "check", "--config"]
    done = subprocess.run(
        [*command, str(HUB / "jupyterhub_config.py")],
        env={**os.environ, "PYTHONPATH": str(HUB)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 problems" in done.stdout
