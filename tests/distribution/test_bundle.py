"""What is in the MCP bundle; that it starts is in test_wheel.py."""

from __future__ import annotations

import json
import subprocess
import tomllib
import zipfile
from pathlib import Path

from distribution.bundle import write_bundle
from distribution.packages import project_of
from jmcp_api.registry import TOOLS
from tests.distribution.conftest import Built
from tests.node_tools import NodeTools


def test_the_official_command_takes_it(built: Built, node_tools: NodeTools, tmp_path: Path) -> None:
    """It unpacks the file and checks the manifest and the icon."""
    mcpb = node_tools.command("mcpb")
    for arguments in (
        ["unpack", str(built.bundle), str(tmp_path)],
        ["validate", str(tmp_path / "manifest.json")],
    ):
        done = subprocess.run([*mcpb, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_all_of_jmcp_that_it_needs_is_in_it(built: Built) -> None:
    with zipfile.ZipFile(built.bundle) as bundle:
        project = tomllib.loads(bundle.read("pyproject.toml").decode())
        wheel = project["tool"]["uv"]["sources"]["jmcp"]["path"]
        assert bundle.read(wheel) == built.wheel.read_bytes()
        manifest = json.loads(bundle.read("manifest.json"))
        assert manifest["server"]["entry_point"] in bundle.namelist()
        assert manifest["icon"] in bundle.namelist()
    assert manifest["version"] == project["project"]["version"] == project_of()["version"]
    shown = [tool["name"] for tool in manifest["tools"]]
    assert shown == [tool.name for tool in TOOLS.values() if tool.toolset == "core"]


def test_the_same_wheel_makes_the_same_bundle(built: Built, tmp_path: Path) -> None:
    assert write_bundle(built.wheel, tmp_path).read_bytes() == built.bundle.read_bytes()
