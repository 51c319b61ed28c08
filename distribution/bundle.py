"""The MCP bundle (.mcpb): one file that a person opens in Claude Desktop and has jmcp.

A zip archive with a manifest, a project for uv, and the wheel of jmcp, so that everything else comes
from PyPI and jmcp itself from the bundle. What it runs is `jmcp connect` on the chosen folder.
Its format: https://github.com/modelcontextprotocol/mcpb, version 0.4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from time import gmtime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from hatchling.builders.utils import get_reproducible_timestamp

import jmcp_api
from distribution.icon import icon_png
from distribution.packages import CHECKOUT, project_of
from jmcp_api.mcp import INSTRUCTIONS, LISTING_FILE, TITLE
from jmcp_api.registry import TOOLS

ENTRY = "server/main.py"
MAIN = Path(__file__).with_name("bundle_main.py")
ICON = "icon.png"
FILE_MODE = 0o644
LONG_DESCRIPTION = """\
An agent opens, edits and runs the notebooks of a folder, in the same live documents that you have open in
JupyterLab. Where no jmcp runs on that folder, JupyterLab is started with it: the first time this takes
about a minute, because its packages are installed. The server goes on when Claude Desktop is closed, with
its kernels, and ends after 4 hours without use.
"""


def write_bundle(wheel: Path, folder: Path) -> Path:
    """Write the bundle with that wheel into the folder: the same bytes for the same wheel."""
    project = project_of()
    files = {
        "manifest.json": json.dumps(manifest(project), indent=2, ensure_ascii=False).encode(),
        "pyproject.toml": uv_project(project, wheel.name).encode(),
        wheel.name: wheel.read_bytes(),
        ENTRY: MAIN.read_bytes(),
        ICON: icon_png(),
        "LICENSE": (CHECKOUT / "LICENSE").read_bytes(),
    }
    path = folder / f"jmcp-{project['version']}.mcpb"
    when = gmtime(get_reproducible_timestamp())[:6]
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            entry = ZipInfo(name, when)
            entry.external_attr = FILE_MODE << 16
            entry.create_system = 3  # as on Unix, whichever system builds it
            archive.writestr(entry, data, ZIP_DEFLATED)
    return path


def manifest(project: Mapping[str, Any]) -> dict[str, Any]:
    """What the host shows and starts. `project` is that table of pyproject.toml."""
    return {
        "manifest_version": "0.4",
        "name": project["name"],
        "display_name": TITLE,
        "version": project["version"],
        "description": project["description"],
        "long_description": f"{LONG_DESCRIPTION}\nWhat the model is told:\n\n{INSTRUCTIONS}",
        "author": {"name": project["authors"][0]["name"]},
        "license": project["license"],
        "keywords": project["keywords"],
        "icon": ICON,
        "server": {
            "type": "uv",
            "entry_point": ENTRY,
            "mcp_config": {
                "command": "uv",
                # --project and not --directory: that would make the bundle the working folder.
                "args": ["run", "--project", "${__dirname}", f"${{__dirname}}/{ENTRY}"],
                "env": {"JMCP_ROOT_DIR": "${user_config.folder}"},
            },
        },
        "tools": tools(),
        "tools_generated": True,
        "prompts_generated": True,
        "user_config": {
            "folder": {
                "type": "directory",
                "title": "Folder of notebooks",
                "description": "Its notebooks are opened, edited and run; new ones are made there.",
                "required": True,
                "default": "${DOCUMENTS}",
            }
        },
        "compatibility": {
            "platforms": ["darwin", "win32", "linux"],
            "runtimes": {"python": project["requires-python"]},
        },
    }


def tools() -> list[dict[str, str]]:
    """What the server shows unless it is configured otherwise, for people: the toolset core."""
    listing = json.loads(Path(jmcp_api.__file__).with_name(LISTING_FILE).read_bytes())
    return [
        {"name": entry["name"], "description": entry["title"]}
        for entry in listing
        if TOOLS[entry["name"]].toolset == "core"
    ]


def uv_project(project: Mapping[str, Any], wheel: str) -> str:
    """The pyproject.toml with which uv installs the wheel that lies beside it."""
    return f"""\
[project]
name = "jmcp-bundle"
version = "{project["version"]}"
requires-python = "{project["requires-python"]}"
dependencies = ["jmcp[lab,demo]"]

[tool.uv.sources]
jmcp = {{ path = "{wheel}" }}
"""
