"""How this jmcp was installed, and the command that adds what it lacks in the same way."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

Installer = Literal["pip", "uv tool", "uvx", "pipx"]
PROBES = {
    "lab": "jupyterlab",
    "demo": "pandas",
    "remote": "jupyter_nbmodel_client",
    "redis": "redis",
    "hub": "jupyterhub",
    "otel": "opentelemetry.sdk",
    "codegen": "datamodel_code_generator",
}
"""A module of each extra that nothing else of jmcp needs."""
UVX_CACHE = re.compile(r"(archive|environments|builds)-v\d+")
"""Folders of uv's cache that hold the environments of uvx."""


def installer(prefix: str = sys.prefix) -> Installer:
    """What made the environment with that prefix."""
    parts = Path(prefix).parts
    if any(UVX_CACHE.fullmatch(part) for part in parts):
        return "uvx"
    if parts[-3:-1] == ("uv", "tools"):
        return "uv tool"
    if parts[-3:-1] == ("pipx", "venvs"):
        return "pipx"
    return "pip"


def own_command() -> str:
    """How a person calls this jmcp in the folder where it runs: `jmcp` where that is the one on the
    PATH, else with its path, as in `.venv/bin/jmcp`."""
    given = Path(os.path.abspath(sys.argv[0]))
    if given.stem != "jmcp" or shutil.which("jmcp") == str(given):
        return "jmcp"
    with suppress(ValueError):
        return str(given.relative_to(Path.cwd()))
    return str(given)


def adding(extra: str) -> str:
    """The command that installs this jmcp with that extra too."""
    command = {
        "pip": "pip install {}",
        "uv tool": "uv tool install {}",
        "uvx": "uvx --from {} jmcp",
        "pipx": "pipx install --force {}",
    }
    return command[installer()].format(_requirement(extra))


def kept() -> str:
    """The command that installs a jmcp which is in uv's cache only, so that it stays."""
    return f"uv tool install {_requirement('lab')}"


def _requirement(extra: str) -> str:
    """This jmcp with that extra, as a shell passes it to an installer."""
    # For all but pip, what is named is all that there will be.
    present = {name for name, module in PROBES.items() if find_spec(module) is not None}
    extras = ",".join(sorted({extra} if installer() == "pip" else {extra, *present}))
    path, editable = _source() or ("jmcp", False)
    return f"{'--editable ' if editable else ''}'{path}[{extras}]'"


def _source() -> tuple[Path, bool] | None:
    """The wheel or the folder that it was installed from, and whether editable; None: an index."""
    try:
        text = distribution("jmcp").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    if text is None:
        return None
    origin = json.loads(text)
    url = urlsplit(origin.get("url", ""))
    path = Path(url2pathname(url.path))
    if url.scheme != "file" or not path.exists():
        return None
    return path, bool(origin.get("dir_info", {}).get("editable"))
