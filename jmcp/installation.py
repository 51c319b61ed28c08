"""How this jmcp was installed, and the command that adds what it lacks in the same way."""

from __future__ import annotations

import json
import re
import sys
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


def adding(extra: str) -> str:
    """The command that installs this jmcp with that extra too."""
    used = installer()
    # For all but pip, what is named is all that there will be.
    present = {name for name, module in PROBES.items() if find_spec(module) is not None}
    extras = {extra} if used == "pip" else {extra, *present}
    named = "jmcp"
    editable = ""
    if (source := _source()) is not None:
        path, is_editable = source
        named = str(path)
        editable = "--editable " if is_editable else ""
    wanted = f"{editable}'{named}[{','.join(sorted(extras))}]'"
    return {
        "pip": f"pip install {wanted}",
        "uv tool": f"uv tool install {wanted}",
        "uvx": f"uvx --from {wanted} jmcp",
        "pipx": f"pipx install --force {wanted}",
    }[used]


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
