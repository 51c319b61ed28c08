"""The packages of npm that tests use: pinned, from whatever registry npm is set up for."""

from __future__ import annotations

import json
import subprocess

from tests.node_tools import FOLDER, NodeTools


def test_every_version_is_exact_and_locked_without_an_address() -> None:
    package = json.loads((FOLDER / "package.json").read_text())
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    wanted = {**package["dependencies"], **package["optionalDependencies"]}
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [path for path, one in locked.items() if "resolved" in one] == []


def test_what_npm_installed_runs(node_tools: NodeTools) -> None:
    done = subprocess.run(
        [*node_tools.command("tsc"), "--version"],
        env=node_tools.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    package = json.loads((FOLDER / "package.json").read_text())
    assert done.stdout.split() == ["Version", package["dependencies"]["typescript"]]
