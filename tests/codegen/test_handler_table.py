"""The handler table of the Jupyter extension: exactly the routes, and what no tool answers."""

from __future__ import annotations

import re

import pytest

from jmcp_api.http import PREFIX, ROUTES
from jmcp_api.jupyter import HANDLERS


def tools_at(path: str) -> dict[str, str]:
    """What the first matching row says, as Tornado looks rows up."""
    return dict(next(tools for pattern, tools in HANDLERS if re.fullmatch(pattern, path)))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_is_found_by_its_path(route: object) -> None:
    assert isinstance(route, type(ROUTES[0]))
    path = re.sub(r"\{\w+\}", "a%2Fb-1", route.path)
    assert tools_at(path)[route.method] == route.tool


def test_nothing_is_in_the_table_but_the_routes() -> None:
    declared = sorted((route.method, route.tool) for route in ROUTES)
    listed = sorted((method, tool) for _, tools in HANDLERS for method, tool in tools.items())
    assert listed == declared


@pytest.mark.parametrize(
    "path",
    ["/mcp", "/mcp/", "/mcp/healthz", "/jmcp/docs", "/jmcp/nope", f"{PREFIX}/sessions//notebook"],
)
def test_the_site_answers_what_no_tool_does(path: str) -> None:
    assert tools_at(path) == {}


@pytest.mark.parametrize("path", ["/", "/api/kernels", "/lab", "/mcpx", "/jmcp"])
def test_all_else_stays_jupyters(path: str) -> None:
    assert not [pattern for pattern, _ in HANDLERS if re.fullmatch(pattern, path)]
