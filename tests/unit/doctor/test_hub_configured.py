"""`jmcp hub check` on configuration files: each thing that does not hold is found."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from jmcp.cli.main import main
from jmcp.doctor.finding import findings
from jmcp.doctor.hub.configured import Configured, configured

GOOD = """
import sys
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.ConfigurableHTTPProxy.command = {proxy!r}
{before}
from jmcp.hub import configure
configure(c, public_url="https://hub.example.org", **{arguments})
{after}
"""


@pytest.fixture
def proxy(tmp_path: Path) -> list[str]:
    """A command that is there and is no Python."""
    script = tmp_path / "proxy"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return [str(script)]


def found(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    proxy: list[str],
    before: str = "",
    after: str = "",
    **arguments: Any,
) -> dict[str, list[tuple[str, str]]]:
    """State and fact of each finding, by what it is about."""
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(GOOD.format(proxy=proxy, before=before, after=after, arguments=arguments))
    status = main(["hub", "check", "--config", str(file), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert status == (0 if said["ok"] else 1)
    by_subject: dict[str, list[tuple[str, str]]] = {}
    for one in said["findings"]:
        by_subject.setdefault(one["about"], []).append((one["state"], one["fact"]))
        assert (one["state"] == "ok") == ("remedy" not in one)
    return by_subject


def test_a_configured_hub_has_no_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], proxy: list[str]
) -> None:
    said = found(tmp_path, capsys, proxy)
    states = {about: {state for state, _ in facts} for about, facts in said.items()}
    assert not [about for about, several in states.items() if "problem" in several], said
    assert "does not enforce it" in said["limits"][0][1]
    assert "runs all servers as one user" in said["limits"][1][1]
    assert said["users' servers"][0][0] == "ok", said
    assert said["capacity"] == [("ok", "50 servers of 2G, and 4G kept back")]


@pytest.mark.parametrize(
    ("about", "state", "fact", "after"),
    [
        ("gateway", "problem", "there is no service jmcp", "c.JupyterHub.services = []"),
        ("well-known", "problem", "no route of the proxy", "c.Proxy.extra_routes = {}"),
        ("rights", "problem", "may not reach", "c.JupyterHub.extra_user_scopes = set()"),
        (
            "rights",
            "problem",
            "each user reaches every other's",
            "c.JupyterHub.load_roles = [{'name': 'user', 'scopes': ['self', 'access:servers']}]",
        ),
        (
            "rights",
            "warning",
            "the role teacher (groups staff) reaches all users' servers",
            (
                "c.JupyterHub.load_roles.append("
                "{'name': 'teacher', 'groups': ['staff'], 'scopes': ['access:servers']})"
            ),
        ),
        ("proxy", "problem", "no --timeout", "c.ConfigurableHTTPProxy.command = ['sh']"),
        ("proxy", "problem", "is not there", "c.ConfigurableHTTPProxy.command = ['no-such']"),
        (
            "proxy",
            "problem",
            "ends streams that are quiet",
            "c.ConfigurableHTTPProxy.command = ['sh', '--timeout', '1000']",
        ),
        ("proxy", "warning", "does not start its proxy", "c.Proxy.should_start = False"),
        (
            "starts",
            "warning",
            "slow_spawn_timeout is 10",
            "c.JupyterHub.tornado_settings = {}",
        ),
        ("starts", "warning", "90 servers may", "c.JupyterHub.concurrent_spawn_limit = 90"),
        ("capacity", "warning", "without a look", "c.Spawner.pre_spawn_hook = print"),
        ("limits", "warning", "no limit of memory", "c.Spawner.mem_limit = None"),
        (
            "limits",
            "warning",
            "whether OwnSpawner enforces",
            "c.JupyterHub.spawner_class = 'nowhere.OwnSpawner'",
        ),
        ("culler", "warning", "nothing stops", "c.JupyterHub.services = []"),
        ("culler", "problem", "has no role", "c.JupyterHub.load_roles = []"),
        (
            "frames",
            "problem",
            "pages of any site",
            (
                "c.JupyterHub.tornado_settings = {'headers': "
                "{'content-security-policy': 'frame-ancestors *'}}"
            ),
        ),
        (
            "address",
            "problem",
            "not encrypted",
            "c.JupyterHub.public_url = 'http://hub.example.org'",
        ),
        ("address", "warning", "no public_url", "c.JupyterHub.public_url = ''"),
        ("users' servers", "warning", "not on the PATH", "c.Spawner.cmd = ['no-such-command']"),
        ("configuration", "problem", "ZeroDivisionError", "1 / 0"),
    ],
)
def test_what_does_not_hold_is_found(
    tmp_path: Path,
    proxy: list[str],
    about: str,
    state: str,
    fact: str,
    after: str,
) -> None:
    file = tmp_path / "jupyterhub_config.py"
    file.write_text(GOOD.format(proxy=proxy, before="", after=after, arguments={}))
    read = configured(file, "jmcp")
    if isinstance(read, Configured):
        said = asyncio.run(findings({about: read.checks()[about]}))
    else:
        said = [read]
    facts = [(one.state, one.fact) for one in said]
    assert any(one == state and fact in text for one, text in facts), facts


def test_the_proxy_in_python_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], proxy: list[str]
) -> None:
    Path(proxy[0]).write_text(f"#!{sys.executable}\n")
    facts = found(tmp_path, capsys, proxy)["configuration"]
    assert "is the proxy in Python, which holds streams back" in facts[0][1]


def test_a_file_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "check", "--config", "no-such.py"]) == 1
    assert "no-such.py is not there" in capsys.readouterr().err
