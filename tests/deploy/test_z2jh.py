"""deploy/z2jh: its values tell a Hub what jmcp needs, and its manifests let in and out what they have to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config

from jmcp.hub.configuration.services import scopes_for
from jmcp.hub.configuration.spawners import spawner_of
from jmcp.hub.configuration.templates import EXAMPLES
from tests.deploy.files import DEPLOY, program, read_yaml
from tests.thorough import thorough

Z2JH = DEPLOY / "z2jh"
VALUES = read_yaml(Z2JH / "values.yaml")
MANIFESTS = [
    manifest
    for path in sorted((Z2JH / "manifests").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
]


def manifest(kind: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in MANIFESTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return dict(found)


def environment() -> dict[str, Any]:
    """Of the gateway's container: values, or where they come from."""
    (container,) = manifest("Deployment", "jmcp-gateway")["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


@pytest.fixture
def secret() -> dict[str, str]:
    """What secrets.sh writes."""
    told = {"PATH": os.environ["PATH"], "OAUTH_CLIENT_SECRET": "of the provider"}
    script = str(Z2JH / "secrets.sh")
    done = subprocess.run([script], env=told, capture_output=True, text=True, check=True)
    made: dict[str, str] = yaml.safe_load(done.stdout)["stringData"]
    return made


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Config:
    """The configuration after the chart's own part and ours, which the chart executes."""
    for name in VALUES["hub"]["extraEnv"]:
        monkeypatch.setenv(name, f"value-of-{name}")
    c = Config()
    # As the chart leaves it: jupyterhub/files/hub/jupyterhub_config.py
    c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
    c.JupyterHub.services = []
    c.JupyterHub.load_roles = []
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
    c.ConfigurableHTTPProxy.should_start = False
    c.KubeSpawner.volumes = {"home": {}}
    c.KubeSpawner.volume_mounts = {"home": {}}

    def get_config(key: str) -> Any:
        found: Any = VALUES
        for level in key.split("."):
            found = found[level]
        return found

    code = VALUES["hub"]["extraConfig"]["50-jmcp"]
    exec(code, {"c": c, "get_config": get_config, "os": os, "sys": sys})
    return c


def test_the_hub_knows_the_gateway_that_the_manifests_start(hub: Config) -> None:
    services = {one["name"]: one for one in hub.JupyterHub.services}
    service = manifest("Service", "jmcp-gateway")
    (port,) = service["spec"]["ports"]
    assert services["jmcp"]["url"] == f"http://{service['metadata']['name']}:{port['port']}"
    assert "command" not in services["jmcp"]
    assert services["jmcp"]["api_token"] == "value-of-JMCP_GATEWAY_TOKEN"
    wanted = [*scopes_for(spawner_of("kubespawner.KubeSpawner"))]
    assert services["jmcp"]["oauth_client_allowed_scopes"] == wanted
    told = environment()
    assert json.loads(told["JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES"]) == wanted
    ours = VALUES["custom"]["jmcp"]
    assert told["JMCP_GATEWAY_MAX_SERVERS"] == str(ours["maxServers"])
    assert told["JMCP_GATEWAY_PUBLIC_URL"] == ours["publicUrl"]
    assert told["JMCP_GATEWAY_PROXY_URL"] == ours["proxyUrl"]
    image = VALUES["hub"]["image"]
    pod = manifest("Deployment", "jmcp-gateway")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == f"{image['name']}:{image['tag']}"


def test_users_pods_may_nothing_and_reach_nobody(hub: Config) -> None:
    context = hub.KubeSpawner.container_security_context
    assert context["readOnlyRootFilesystem"] is True
    assert context["runAsNonRoot"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert hub.KubeSpawner.automount_service_account_token is False
    assert {"home", "tmp"} <= set(hub.KubeSpawner.volumes)
    policy = VALUES["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    allowed = {name for name, given in policy["egressAllowRules"].items() if given}
    assert allowed == {"dnsPortsKubeSystemNamespace"}
    assert "ingress" not in policy


def test_templates_placeholders_and_limits() -> None:
    profiles = VALUES["singleuser"]["profileList"]
    assert [one["slug"] for one in profiles] == [template.name for template in EXAMPLES]
    for profile, template in zip(profiles, EXAMPLES, strict=True):
        override = profile["kubespawner_override"]
        assert (override["mem_limit"], override["cpu_limit"]) == (template.memory, template.cpu)
        mounts = override.get("volume_mounts", {})
        assert [one["mountPath"] for one in mounts.values()] == [*template.read_only.values()]
        assert all(one["readOnly"] for one in mounts.values())
    assert VALUES["scheduling"]["userPlaceholder"]["replicas"] >= 1
    assert VALUES["scheduling"]["podPriority"]["enabled"] is True
    assert VALUES["prePuller"]["continuous"]["enabled"] is True
    assert VALUES["proxy"]["chp"]["extraCommandLineFlags"] == ["--timeout=60000"]
    assert VALUES["cull"]["enabled"] is True


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_containers_have_no_rights(kind: str) -> None:
    for one in (one for one in MANIFESTS if one["kind"] == kind):
        pod = one["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


def test_nothing_is_reached_that_no_policy_names() -> None:
    everything = manifest("NetworkPolicy", "jmcp-default-deny-ingress")["spec"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress"]}
    redis = manifest("NetworkPolicy", "jmcp-redis")["spec"]
    (rule,) = redis["ingress"]
    selected = manifest("Deployment", "jmcp-gateway")["spec"]["selector"]["matchLabels"]
    assert rule["from"] == [{"podSelector": {"matchLabels": selected}}]
    assert redis["egress"] == []
    of_gateway = manifest("NetworkPolicy", "jmcp-gateway")["spec"]["egress"]
    blocks = [to["ipBlock"] for rule in of_gateway for to in rule["to"] if "ipBlock" in to]
    assert all("169.254.0.0/16" in block["except"] for block in blocks)
    types = {one["spec"].get("type", "ClusterIP") for one in MANIFESTS if one["kind"] == "Service"}
    assert types == {"ClusterIP"}


def test_each_secret_that_is_asked_for_is_made(secret: dict[str, str]) -> None:
    named = re.findall(
        r"name: jmcp, key: ([\w.-]+)|\{ key: ([\w.]+), path",
        "".join(path.read_text() for path in Z2JH.rglob("*.yaml")),
    )
    assert {one or other for one, other in named} == set(secret)
    password = re.search(r"requirepass (\w+)", secret["redis.conf"])
    assert password
    assert password[1] in secret["gateway-store"]
    assert len(secret["gateway-keys"]) == 44
    refused = subprocess.run(
        [str(Z2JH / "secrets.sh")],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "OAUTH_CLIENT_SECRET: is not set" in refused.stderr


@thorough
def test_the_schemas_of_kubernetes_take_the_manifests(
    secret: dict[str, str], tmp_path: Path
) -> None:
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "jmcp"}}
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump(made | {"stringData": secret}))
    for path in (*(Z2JH / "manifests").glob("*.yaml"), tmp_path / "secret.yaml"):
        command = [program("kubernetes-validate"), "--strict", "-k", "1.32", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
