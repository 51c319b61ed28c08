"""Handlers get of the server what they use, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import jmcp_handlers
from jmcp.core.sessions.services import Services
from jmcp.core.sessions.workspace import Workspace

TREES = [ast.parse(path.read_text()) for path in Path(jmcp_handlers.__file__).parent.rglob("*.py")]


def names_after(subject: str) -> set[str]:
    """The attributes that handlers ask of a variable or an attribute of that name."""
    return {
        node.attr
        for tree in TREES
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and subject
        in (getattr(node.value, "id", None), getattr(node.value, "attr", None))  # name, attribute
    }


def test_each_part_of_a_workspace_is_used_by_a_handler() -> None:
    public = {name for name in vars(Workspace) if not name.startswith("_")}
    assert public | {"caller", "images", "links"} == names_after("workspace")


@pytest.mark.parametrize("service", Services.__slots__)
def test_no_handler_reaches_a_service_through_its_session(service: str) -> None:
    assert service not in names_after("session") | names_after("notebook")


def test_no_handler_reaches_what_is_private() -> None:
    private = {
        name
        for subject in ("session", "workspace", "notebook", "kernel", "view")
        for name in names_after(subject)
        if name.startswith("_")
    }
    assert private == set()
