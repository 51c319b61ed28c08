"""`jmcp tools`: which tools there are, in which toolsets, and where each comes from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jmcp_api
from jmcp.core.errors import ServeError
from jmcp.plugins.client_tools import added_tools
from jmcp_api.mcp import LISTING_FILE, TOOLSETS


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTool:
    """A tool as MCP clients see it, its toolset, and the package that has it with its version."""

    entry: dict[str, Any]
    toolset: str
    package: str

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    def public(self) -> dict[str, Any]:
        return {**self.entry, "toolset": self.toolset, "package": self.package}


def add_to(commands: Any, *, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the command to the subparsers of a command line."""
    command = commands.add_parser(
        "tools",
        help="list the tools, their toolsets, and where each comes from",
        description="Lists the tools of jmcp and of other packages by their toolsets. MCP clients see "
        "the toolset core, and apps where they show views; serve --toolset chooses others.",
    )
    command.add_argument("name", nargs="?", help="a tool, which is then shown whole, or a toolset")
    command.add_argument(
        "--json", action="store_true", help="as MCP clients see them, with toolset and package"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command. Raises ServeError for a name that nothing has."""
    tools, faults = every_tool()
    shown = chosen(tools, arguments.name) if arguments.name else tools
    for fault in faults:
        print(f"jmcp: {fault}", file=sys.stderr)
    if arguments.json:
        public = [one.public() for one in shown]
        print(json.dumps(public, indent=2, ensure_ascii=False))
    elif arguments.name and len(shown) == 1 and shown[0].name == arguments.name:
        print_tool(shown[0])
    else:
        print_tools(shown)


def every_tool() -> tuple[Sequence[ListedTool], Sequence[str]]:
    """All tools, and what is to be said of toolsets that cannot be used.

    Those of jmcp are read from a generated file, because importing the server takes a second; that
    is done only where there are others.
    """
    own = f"jmcp {version('jmcp')}"
    toolset_of = {name: toolset for toolset, names in TOOLSETS.items() for name in names}
    entries = json.loads(Path(jmcp_api.__file__).with_name(LISTING_FILE).read_bytes())
    tools = [
        ListedTool(entry=entry, toolset=toolset_of[entry["name"]], package=own) for entry in entries
    ]
    added = added_tools()
    tools += [
        ListedTool(entry=dict(one.entry), toolset=one.tool.toolset, package=one.package)
        for one in added.tools.values()
    ]
    return tools, added.faults


def chosen(tools: Sequence[ListedTool], name: str) -> Sequence[ListedTool]:
    """The tool of that name, or those of the toolset. Raises ServeError."""
    found = [one for one in tools if one.name == name]
    found = found or [one for one in tools if one.toolset == name]
    if not found:
        toolsets = ", ".join(dict.fromkeys(one.toolset for one in tools))
        raise ServeError(
            f"no tool and no toolset is called {name}; the toolsets are: {toolsets}. "
            "jmcp tools lists all tools"
        )
    return found


def print_tools(tools: Sequence[ListedTool]) -> None:
    """The toolsets, and below each a line for each of its tools."""
    width = max(len(one.name) for one in tools)
    by_toolset: dict[str, list[ListedTool]] = {}
    for one in tools:
        by_toolset.setdefault(one.toolset, []).append(one)
    for toolset, several in by_toolset.items():
        print(f"{toolset} ({several[0].package})")
        for one in several:
            print(f"  {one.name:<{width}}  {one.entry['title']}")


def print_tool(tool: ListedTool) -> None:
    """All that there is to say of one tool."""
    print(f"{tool.name}: {tool.entry['title']}")
    print(f"toolset {tool.toolset} ({tool.package})\n")
    print(tool.entry["description"])
    lines = list(_params(tool.entry["inputSchema"]))
    if lines:
        print("\nArguments:")
    for line in lines:
        print(f"  {line}")


def _params(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, one in schema["properties"].items():
        kinds = one.get("type", "any")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        words = [" or ".join(kind for kind in kinds if kind != "null")]
        words += ["required"] if name in required else []
        words += [f"default {json.dumps(one['default'])}"] if "default" in one else []
        said = f": {one['description']}" if "description" in one else ""
        yield f"{name} ({', '.join(words)}){said}"
