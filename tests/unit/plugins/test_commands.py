"""`jmcp tools` and `jmcp doctor` know the toolsets of other packages."""

from __future__ import annotations

import json

import pytest

from jmcp.cli.main import main
from jmcp.doctor import toolsets
from jmcp.plugins import client_tools, loading
from jmcp_example_review import TOOLSET as REVIEW
from tests.unit.plugins.conftest import Install, installed

LOST = installed("lost", "not_there_at_all:TOOLSET", "jmcp-lost 1.0")


@pytest.fixture(autouse=True)
def installation(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is installed, and a package that is broken."""
    several = (LOST, install("review", REVIEW, "jmcp-x 1.2"))
    loaded = loading.load(several)
    monkeypatch.setattr(loading, "loaded_toolsets", lambda: loaded)
    for module in (client_tools, toolsets):
        monkeypatch.setattr(module, "installed_toolsets", lambda: several)


def test_all_are_listed_by_toolset_and_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("core (jmcp ")
    at = lines.index("review (jmcp-x 1.2)")
    assert [line.split()[0] for line in lines[at + 1 :]] == ["profile_dataframe", "find_todos"]
    assert err.startswith("jmcp: The toolset lost (jmcp-lost 1.0) is left out: not_there_at_all")


def test_a_toolset_is_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "review"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "review",
        "profile_dataframe",
        "find_todos",
    ]


def test_a_tool_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "profile_dataframe"]) == 0
    shown = capsys.readouterr().out
    assert "toolset review (jmcp-x 1.2)" in shown
    assert "name (string, required): Of the variable." in shown
    assert "start_index (integer, default 0): Of the first column." in shown


def test_programs_get_the_toolset_and_the_package_of_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["tools", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["read_cell"]["toolset"] == "core"
    assert listed["read_cell"]["package"].startswith("jmcp ")
    found = listed["find_todos"]
    assert (found["toolset"], found["package"]) == ("review", "jmcp-x 1.2")
    assert found["inputSchema"]["type"] == "object"


def test_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "nothing"]) == 1
    assert "no tool and no toolset is called nothing; the toolsets are: core" in (
        capsys.readouterr().err
    )


async def test_the_doctor_says_how_each_is_used_and_what_is_wrong_with_it() -> None:
    usable, broken = await toolsets.toolsets()
    assert (usable.state, usable.about) == ("ok", "toolset review")
    assert usable.fact == (
        "profile_dataframe, find_todos, of jmcp-x 1.2; MCP clients get them with "
        "--toolset core,review"
    )
    assert (broken.state, broken.about) == ("problem", "toolset lost")
    assert broken.fact.startswith("jmcp-lost 1.0: not_there_at_all:TOOLSET cannot be imported")
    assert broken.remedy == "Repair or uninstall it; jmcp doctor looks at it again"


def test_a_call_knows_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["call", "find-todos", "--help"])
    assert ended.value.code == 0
    assert "--mark" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["call", "--help"])
    shown = capsys.readouterr().out
    assert "review:\n  profile_dataframe " in shown
