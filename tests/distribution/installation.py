"""The wheel, installed as a user has it, with the dependencies of the tests' own environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """An environment that has jmcp from a wheel. `variables` are for its processes."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    @property
    def jmcp(self) -> str:
        return str(self.folder / "bin" / "jmcp")

    @property
    def variables(self) -> dict[str, str]:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "PYTHONPATH": ""}

    def run(self, *command: str, home: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """A command of it, to its end, as a shell starts it."""
        return subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | self.variables | {"HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def installed(wheel: Path, folder: Path) -> Installation:
    """Install the wheel into a new environment.

    Its dependencies are those of this environment, whose folder a line of a .pth file adds. Python
    does not follow the .pth files there, so that the checkout, which is installed editable, is not
    importable.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    made = Installation(folder=folder)
    own = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    Path(own["purelib"], "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    _link_data(Path(sys.prefix), folder)
    command = [sys.executable, "-m", "pip", "--python", made.python, "install", "--quiet"]
    command += ["--no-deps", "--no-index", "--no-compile", str(wheel)]
    subprocess.run(command, check=True, timeout=SECONDS)
    return made


def _link_data(prefix: Path, folder: Path) -> None:
    """What the dependencies keep beside their modules: JupyterLab, kernelspecs, configuration."""
    shared = Path("share", "jupyter")
    (folder / shared / "labextensions").mkdir(parents=True)
    for entry in (prefix / shared).iterdir():
        if entry.name != "labextensions":
            (folder / shared / entry.name).symlink_to(entry)
    for entry in (prefix / shared / "labextensions").iterdir():
        if entry.name != "jmcp-labextension":
            (folder / shared / "labextensions" / entry.name).symlink_to(entry)
    enabled = Path("etc", "jupyter", "jupyter_server_config.d")
    (folder / enabled).mkdir(parents=True)
    for file in (prefix / enabled).iterdir():
        if file.name != "jmcp.json":
            (folder / enabled / file.name).symlink_to(file)
