"""The compose files: what they are by the schema of compose, and what their containers may."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.deploy.files import DEPLOY, read_yaml

COMPOSE = DEPLOY / "compose"
MANY = COMPOSE / "compose.yaml"
ONE = DEPLOY / "single-user" / "compose.yaml"
MONITORING = COMPOSE / "monitoring.yaml"
SUBDOMAINS = COMPOSE / "subdomains.yaml"
SCHEMA = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[?-])([^}]*))?\}")
BUILT_ALONE = ("single-user",)
"""A service that is there to build an image, and never starts."""


def variables(path: Path) -> list[tuple[str, str, str]]:
    """Name, operator and text of each variable that a compose file asks for."""
    return VARIABLE.findall(path.read_text())


def services() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(MANY)["services"] | read_yaml(MONITORING)["services"]
    return {name: one for name, one in found.items() if name not in BUILT_ALONE}


@pytest.mark.parametrize(
    "path", [MANY, ONE, MONITORING, SUBDOMAINS], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_they_are_what_the_schema_of_compose_says(path: Path) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(read_yaml(path))] == []


def test_the_schema_notices_a_key_that_is_none() -> None:
    content = read_yaml(MANY)
    content["services"]["hub"]["read_onely"] = True
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert list(validator.iter_errors(content))


@pytest.mark.parametrize("name", sorted(services()))
def test_a_container_has_no_rights_and_no_file_system_to_write_to(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    # Caddy binds ports below 1024; the socket is root's, and control groups too.
    if name not in ("tls", "docker-api", "docker-read", "cadvisor"):
        assert int(str(service["user"]).split(":")[0]) > 0
        assert "cap_add" not in service
    for volume in service.get("volumes", ()):
        assert "docker.sock" not in volume or name in ("docker-api", "docker-read")


def test_only_the_proxy_is_reached_from_outside() -> None:
    """And the TLS in front of it, where that is asked for."""
    published = {name for name, service in services().items() if service.get("ports")}
    assert published == {"proxy", "tls", "grafana"}
    assert services()["proxy"]["ports"] == ["${JMCP_PUBLISH:-127.0.0.1:8000}:8000"]
    assert services()["tls"]["profiles"] == ["tls"]
    assert services()["grafana"]["ports"] == ["127.0.0.1:3000:3000"]
    assert services()["docker-read"]["environment"]["POST"] == 0
    networks = read_yaml(MANY)["networks"]
    inside = {name for name, network in networks.items() if network.get("internal")}
    assert inside == {"control", "docker"}
    assert services()["redis"]["networks"] == ["control"]
    assert services()["docker-api"]["networks"] == ["docker"]
    on_docker = {name for name, service in services().items() if "docker" in service["networks"]}
    assert on_docker == {"hub", "docker-api"}


def test_everything_is_asked_whether_it_is_healthy() -> None:
    without = {name for name, service in services().items() if "healthcheck" not in service}
    # One has nothing to ask that is in its image, one waits for certificates as long as it has to.
    assert without == {"cadvisor", "tls"}


def test_no_secret_has_a_default_and_all_that_is_asked_for_is_explained() -> None:
    example = dict(
        line.split("=", 1)
        for line in (COMPOSE / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    asked = [one for path in (MANY, MONITORING, SUBDOMAINS) for one in variables(path)]
    for name, operator, text in asked:
        if re.search("TOKEN|PASSWORD|KEY|SECRET", name):
            assert (operator, text) == (":-", "") or operator == ":?", name
            assert example[name] == "", name
        if operator == ":?":
            assert "is not set" in text, name
            assert name in example, name
        if operator == ":-" and name in example and example[name]:
            assert example[name] == text, f"{name} differs in .env.example"
    assert set(example) <= {name for name, _, _ in asked}


def test_secrets_are_made_once_and_what_was_written_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "env"
    told = {"PATH": os.environ["PATH"], "JMCP_ENV_FILE": str(file)}
    command = [str(COMPOSE / "start.sh"), "--secrets-only"]
    first = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
    assert "good for trying out" in first.stdout
    made = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    secrets = re.findall(r"^JMCP_(?:\w+_)?(?:TOKEN|KEY|PASSWORD)=(.*)$", made, re.MULTILINE)
    assert len(secrets) >= 5
    assert all(len(secret) >= 16 for secret in secrets)
    assert len({*secrets}) == len(secrets)

    again = subprocess.run(command, env=told, capture_output=True, text=True, check=True)

    assert file.read_text() == made
    assert not any(secret in first.stdout + again.stdout for secret in secrets)


def test_without_docker_it_says_so_and_fails(tmp_path: Path) -> None:
    """No engine is asked: the PATH has the programs that the script needs, and no docker."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in (
        "bash",
        "od",
        "tr",
        "sed",
        "tail",
        "grep",
        "cp",
        "chmod",
        "cut",
        "dirname",
        "stat",
    ):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    told = {"PATH": str(programs), "JMCP_ENV_FILE": str(tmp_path / "env")}
    done = subprocess.run(
        [str(COMPOSE / "start.sh")], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "docker with the compose plugin" in done.stderr
