"""What a user does with a new file from `dist/`, with the real package index. It takes minutes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp.client.stdio import StdioServerParameters

from distribution.packages import CHECKOUT, project_of
from tests.distribution.conftest import Built
from tests.distribution.hosts import first_run, started_by_host
from tests.distribution.installation import Installation
from tests.served import TOKEN, serve
from tests.thorough import thorough

pytestmark = [thorough, pytest.mark.timeout(900)]
VERSION = project_of()["version"]


def surroundings(home: Path) -> dict[str, str]:
    """A new home, and nothing else of this machine than its way to the package index."""
    kept = ("PATH", "PIP_CERT", "PIP_FIND_LINKS", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(home)}


def run(command: list[str], home: Path, cwd: Path) -> str:
    """What a command prints, which has to succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=surroundings(home),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        pytest.skip("left out: no uv; make .venv/.dist installs it")
    return found


@pytest.fixture(scope="module")
def fresh(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An empty environment into which pip has installed the wheel with lab, demo and codegen."""
    folder = tmp_path_factory.mktemp("fresh")
    home = folder / "home"
    home.mkdir()
    run([sys.executable, "-m", "venv", str(folder / "environment")], home, folder)
    made = Installation(folder=folder / "environment")
    wanted = f"{built.wheel}[lab,demo,codegen]"
    run([made.python, "-m", "pip", "install", "--quiet", wanted], home, folder)
    return made


@asynccontextmanager
async def ended(home: Path) -> AsyncIterator[None]:
    """Ends the servers that were started with that home meanwhile."""
    try:
        yield
    finally:
        for file in (home / ".config" / "jmcp" / "run").glob("*.json"):
            os.kill(json.loads(file.read_text())["pid"], signal.SIGTERM)


async def test_the_first_plot_through_connect(fresh: Installation, tmp_path: Path) -> None:
    """`jmcp connect` starts the server too."""
    folder = tmp_path / "empty"
    folder.mkdir()
    server = StdioServerParameters(
        command=fresh.jmcp, args=["connect"], env=surroundings(tmp_path), cwd=folder
    )
    async with ended(tmp_path):
        result = await first_run(server)
    assert not result.is_error, result.content
    assert "image/png" in [getattr(part, "mime_type", None) for part in result.content]


def test_serve_in_an_empty_folder(fresh: Installation, tmp_path: Path) -> None:
    with serve(tmp_path / "home", tmp_path / "root", jmcp=[fresh.jmcp]) as served:
        assert served.token == TOKEN


def test_the_extension_is_enabled(fresh: Installation, tmp_path: Path) -> None:
    command = str(fresh.folder / "bin" / "jupyter")
    listed = run([command, "server", "extension", "list"], tmp_path, tmp_path)
    words = re.sub(r"\x1b\[\d+m", "", listed).split()
    assert words[words.index("jmcp") + 1] == "enabled"
    assert f"jmcp {VERSION} OK" in " ".join(words)


def test_what_else_there_is_on_the_command_line(fresh: Installation, tmp_path: Path) -> None:
    assert run([fresh.jmcp, "--version"], tmp_path, tmp_path) == f"jmcp {VERSION}\n"
    shown = run([fresh.jmcp, "install", "claude-code", "--print"], tmp_path, tmp_path)
    assert f'"command": "{fresh.jmcp}"' in shown
    checked = json.loads(run([fresh.jmcp, "doctor", "--json"], tmp_path, tmp_path))
    assert checked["ok"]
    golden = CHECKOUT / "tests" / "codegen" / "golden"
    spec = ["--spec", str(golden / "spec"), "--out", "made", "--package", "golden_api"]
    run([fresh.jmcp, "generate", *spec], tmp_path, tmp_path)
    for file in (golden / "tree").rglob("*.*"):
        made = tmp_path / "made" / file.relative_to(golden / "tree")
        assert made.read_bytes() == file.read_bytes()


def test_make_dist(uv: str, tmp_path: Path) -> None:
    """`uv` says that its packages are there. twine renders the README as PyPI does."""
    printed = run(["make", "-C", str(CHECKOUT), "dist"], tmp_path, tmp_path)
    assert printed.count("PASSED") == 2
    built = {path.name for path in (CHECKOUT / "dist").iterdir()}
    assert {f"jmcp-{VERSION}{end}" for end in ("-py3-none-any.whl", ".tar.gz", ".mcpb")} <= built


def test_without_lab_the_command_that_serves_is_told(built: Built, uv: str, tmp_path: Path) -> None:
    command = [uv, "tool", "run", "--from", str(built.wheel), "jmcp", "serve"]
    done = subprocess.run(
        command,
        env=surroundings(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(f"uvx --from '{built.wheel}[lab]' jmcp")


def test_uvx(built: Built, uv: str, tmp_path: Path) -> None:
    jmcp = [uv, "tool", "run", "--from", f"{built.wheel}[lab]", "jmcp"]
    with serve(tmp_path / "home", tmp_path / "root", jmcp=jmcp) as served:
        assert served.token == TOKEN


async def test_the_bundle(built: Built, uv: str, tmp_path: Path) -> None:
    """From the unpacked bundle by its own command, on a machine that has uv and nothing else."""
    folder, home = tmp_path / "notebooks", tmp_path / "home"
    for one in (folder, home):
        one.mkdir()
    command, arguments, variables = started_by_host(built.bundle, tmp_path / "bundle", folder)
    assert command == "uv"
    env = surroundings(home) | variables
    server = StdioServerParameters(command=uv, args=arguments, env=env, cwd="/")
    async with ended(home):
        result = await first_run(server)
    assert not result.is_error, result.content
    assert "image/png" in [getattr(part, "mime_type", None) for part in result.content]
    assert (folder / "first.ipynb").exists()
