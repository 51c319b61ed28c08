"""The plugin for Claude Code: its files are what that reads, and its skills speak of what there is.

Formats as documented at code.claude.com/docs (plugins, marketplaces) and agentskills.io in November 2026.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from distribution.packages import CHECKOUT
from jmcp.cli import connect
from jmcp.doctor.finding import Finding, problem, warning
from jmcp_api import backend_errors, errors, notices
from jmcp_api.mcp import LISTING_FILE

MARKETPLACE = CHECKOUT / ".claude-plugin" / "marketplace.json"
PLUGIN = CHECKOUT / "plugins" / "claude-code"
SKILLS = {file.parent.name: file for file in (PLUGIN / "skills").glob("*/SKILL.md")}
COMMANDS = {"open", "run", "doctor"}
"""Skills that a person calls by name, and that a model leaves alone."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
QUOTED = re.compile(r"`([^`]+)`")
IDENTIFIER = re.compile(r"[a-z]+(_[a-z]+)*")
FINDING = {
    *(field.name for field in dataclasses.fields(Finding)),
    problem("", "", "").state,
    warning("", "", "").state,
}
"""What `jmcp doctor --json` has of each finding."""
SHORT_CHARACTERS = 4500
"""Of the skill that is loaded for every task with a notebook: about 1,100 tokens."""


def read(file: Path) -> tuple[dict[str, Any], str]:
    """The frontmatter and the text of a skill."""
    _, head, text = file.read_text().split("---\n", 2)
    return yaml.safe_load(head), text


def fields(schema: Any) -> Iterator[str]:
    """The names of all properties in a JSON schema, and the values of its enums."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (value for value in schema.get("enum", ()) if isinstance(value, str))
        for value in schema.values():
            yield from fields(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from fields(value)


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Everything that the spec gives a name: tools, params, fields, values, notices, errors."""
    listing = json.loads((CHECKOUT / "generated" / "jmcp_api" / LISTING_FILE).read_bytes())
    names = {entry["name"] for entry in listing}
    for entry in listing:
        names |= {*fields(entry["inputSchema"]), *fields(entry.get("outputSchema", {}))}
    names |= {name for name, value in vars(notices).items() if inspect.isfunction(value)}
    for module in (errors, backend_errors):
        kinds = [value for value in vars(module).values() if inspect.isclass(value)]
        names |= {kind.code for kind in kinds if hasattr(kind, "code")}
    return names | FINDING | {"notebooks", "jmcp", "true"}


def test_the_marketplace_offers_the_plugin() -> None:
    marketplace = json.loads(MARKETPLACE.read_text())
    assert set(marketplace) == {"name", "description", "owner", "plugins"}
    [entry] = marketplace["plugins"]
    assert (CHECKOUT / entry["source"]).resolve() == PLUGIN
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_text())
    assert manifest["name"] == entry["name"]
    # Without one, each commit is a new version. With one, users of the plugin would stay at it until
    # somebody remembers to change it here too.
    assert "version" not in manifest
    assert "version" not in entry


def test_its_server_is_one_command() -> None:
    servers = json.loads((PLUGIN / ".mcp.json").read_text())["mcpServers"]
    command = servers["jmcp"]
    assert [command["command"], *command["args"]] == ["jmcp", "connect"]
    connect.parser().parse_args(command["args"][1:])


def test_each_skill_is_one_that_is_loaded() -> None:
    assert set(SKILLS) == COMMANDS | {"notebooks"}
    allowed = {"name", "description", "argument-hint", "disable-model-invocation"}
    for folder, file in SKILLS.items():
        head, text = read(file)
        assert set(head) <= allowed
        assert head["name"] == folder
        assert NAME.fullmatch(folder)
        assert 0 < len(head["description"]) <= 1024
        assert len(text) <= SHORT_CHARACTERS
        assert head.get("disable-model-invocation", False) == (folder in COMMANDS)


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_a_skill_names_what_there_is(skill: str, known: set[str]) -> None:
    _, text = read(SKILLS[skill])
    quoted = [word for part in QUOTED.findall(text) for word in part.split(": ")]
    named = {word for word in quoted if IDENTIFIER.fullmatch(word)}
    assert named - known == set()
