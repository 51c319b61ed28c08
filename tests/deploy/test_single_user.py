"""deploy/single-user/start.sh without Docker: it says where when all answers, and fails when something does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.deploy.files import DEPLOY
from tests.served import environment, free_port

SCRIPT = DEPLOY / "single-user" / "start.sh"
SECONDS = 180


class Starting:
    """The script with a home, a state and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.state = folder / "state"
        self._told = environment(folder) | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JMCP_NOTEBOOKS": str(folder / "notebooks"),
            "JMCP_PORT": str(self.port),
            "JMCP_STATE": str(self.state),
            "JMCP_WAIT": "120",
        }

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *arguments],
            env=self._told | variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Starting]:
    one = Starting(tmp_path)
    try:
        yield one
    finally:
        one.run("stop")


def test_all_answers_and_stop_ends_it(starting: Starting) -> None:
    done = starting.run("--without-docker")
    assert done.returncode == 0, done.stderr
    for part in ("Jupyter", "JupyterLab", "MCP", "the REST API"):
        assert f"{part} answers\n" in done.stdout
    token = (starting.state / "token").read_text()
    assert token not in done.stdout
    assert (starting.state / "token").stat().st_mode & 0o777 == 0o600
    shown = dict(re.findall(r"^(\w+) +(http://\S+)", done.stdout, re.MULTILINE))
    for url in (shown["JupyterLab"], shown["workbench"], f"{shown['REST']}/activity"):
        answer = httpx2.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert answer.status_code == 200, url
    assert httpx2.get(f"{shown['REST']}/activity", timeout=60).status_code in (401, 403)

    assert "it runs already" in starting.run("--without-docker").stderr
    assert starting.run("stop").stdout == "stopped\n"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(shown["JupyterLab"])
    assert "nothing runs" in starting.run("stop").stderr


def jmcp(folder: Path, script: str) -> str:
    """A command in the place of jmcp."""
    path = folder / "not-jmcp"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


def test_one_that_ends_is_said_with_what_it_logged(starting: Starting, tmp_path: Path) -> None:
    command = jmcp(tmp_path, "echo no room left >&2; exit 3")
    done = starting.run("--without-docker", JMCP=command)
    assert done.returncode == 1
    assert "no room left" in done.stderr
    assert "jmcp ended before Jupyter answered" in done.stderr
    assert "answers" not in done.stdout


def test_one_that_does_not_answer_is_said_when_the_time_is_up(
    starting: Starting, tmp_path: Path
) -> None:
    command = jmcp(tmp_path, "echo thinking; exec sleep 60")
    done = starting.run("--without-docker", JMCP=command, JMCP_WAIT="1")
    assert done.returncode == 1
    assert "thinking" in done.stderr
    assert not (starting.state / "jmcp.pid").exists()
    assert f"Jupyter does not answer at http://127.0.0.1:{starting.port}/api/status" in done.stderr


def test_without_docker_the_other_form_is_named(starting: Starting) -> None:
    """The PATH has what the script needs of the machine's programs, and no docker."""
    programs = Path(starting.state.parent / "bin")
    programs.mkdir()
    for name in ("bash", "curl", "dirname", "mkdir", "od", "tr"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    done = starting.run(PATH=str(programs))
    assert done.returncode == 1
    assert "start.sh --without-docker needs neither" in done.stderr
