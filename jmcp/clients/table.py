"""The MCP clients that `jmcp install` configures, and where each keeps its servers.

As documented by their makers in November 2026.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

System = Literal["linux", "darwin", "win32"]
Format = Literal["json", "toml"]
NAME = "jmcp"
"""What the server is called in every configuration."""
STARTING_SECONDS = 60
"""For clients that would give up after ten seconds: JupyterLab may have to be started first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client. `section` is the table of its servers. `file` is by operating system, with variables
    in braces: `{home}`, `{config}` (the user's folder of configuration) and those in `folder`, of
    which the environment may set another (the name of the variable, then the default).
    """

    name: str
    title: str
    section: str
    file: Mapping[System, str]
    format: Format = "json"
    folder: tuple[str, str] | None = None
    entry: Mapping[str, Any] = field(default_factory=dict)
    restart: str

    def path(self, environment: Mapping[str, str], system: str = sys.platform) -> Path:
        """Its file on this machine, whether there is one or not."""
        home = environment.get("USERPROFILE" if system == "win32" else "HOME") or str(Path.home())
        values = {"home": home, "config": _config_folder(environment, system, home)}
        if self.folder is not None:
            variable, default = self.folder
            values["folder"] = environment.get(variable) or default.format(**values)
        known: System = (
            "win32" if system == "win32" else "darwin" if system == "darwin" else "linux"
        )
        return Path(self.file[known].format(**values))

    def is_here(self, environment: Mapping[str, str]) -> bool:
        """Whether this client seems to be used on this machine."""
        path = self.path(environment)
        # A file in the home folder itself says more than that folder, which is always there.
        return path.exists() or (path.parent.is_dir() and path.parent != Path.home())

    def server(self, command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
        """The entry of a server that it starts with that command, on a machine with these variables."""
        first, *arguments = command
        given = dict(self.entry)
        kind = {"type": given.pop("type")} if "type" in given else {}
        entry = {**kind, "command": first, "args": arguments, **given}
        if folder := environment.get("XDG_CONFIG_HOME"):
            # Where running servers are found; what a desktop starts may not have the variable.
            entry["env"] = {"XDG_CONFIG_HOME": folder}
        return entry


def _config_folder(environment: Mapping[str, str], system: str, home: str) -> str:
    if system == "win32":
        return environment.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
    if system == "darwin":
        return f"{home}/Library/Application Support"
    return environment.get("XDG_CONFIG_HOME") or f"{home}/.config"


def _everywhere(path: str) -> dict[System, str]:
    return {"linux": path, "darwin": path, "win32": path}


CLIENTS = {
    one.name: one
    for one in (
        Client(
            name="claude-code",
            title="Claude Code",
            section="mcpServers",
            file=_everywhere("{folder}/.claude.json"),
            folder=("CLAUDE_CONFIG_DIR", "{home}"),
            entry={"type": "stdio"},
            restart="Start a new session of Claude Code; /mcp shows it.",
        ),
        Client(
            name="claude-desktop",
            title="Claude Desktop",
            section="mcpServers",
            file=_everywhere("{config}/Claude/claude_desktop_config.json"),
            restart="Quit Claude Desktop, not only its window, and start it again.",
        ),
        Client(
            name="cursor",
            title="Cursor",
            section="mcpServers",
            file=_everywhere("{home}/.cursor/mcp.json"),
            entry={"type": "stdio"},
            restart="Restart Cursor; its settings show the server under MCP.",
        ),
        Client(
            name="vscode",
            title="VS Code",
            section="servers",
            file=_everywhere("{config}/Code/User/mcp.json"),
            entry={"type": "stdio"},
            restart="In VS Code run MCP: List Servers, and start jmcp there.",
        ),
        Client(
            name="codex",
            title="Codex",
            section="mcp_servers",
            file=_everywhere("{folder}/config.toml"),
            format="toml",
            folder=("CODEX_HOME", "{home}/.codex"),
            entry={"startup_timeout_sec": STARTING_SECONDS},
            restart="Start Codex again; /mcp shows it.",
        ),
        Client(
            name="gemini",
            title="Gemini CLI",
            section="mcpServers",
            file=_everywhere("{home}/.gemini/settings.json"),
            restart="Start Gemini CLI again; /mcp shows it.",
        ),
    )
}
