"""What `jmcp doctor` says of jmcp's labextension, and of how pages have their notebooks."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import jupyter_core.paths
import pytest

from jmcp.doctor.finding import Finding
from jmcp.doctor.tabs import COLLABORATION, OURS, tabs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which nothing is configured, and the labextensions of `installed` alone."""
    for name in [*os.environ]:
        if name.startswith(("JUPYTER", "XDG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setattr(jupyter_core.paths, "ENV_JUPYTER_PATH", [])
    monkeypatch.setattr(jupyter_core.paths, "SYSTEM_JUPYTER_PATH", [])
    return tmp_path


def install(home: Path, name: str, number: str | None = None) -> Path:
    manifest = home / "jupyter" / "labextensions" / name / "package.json"
    manifest.parent.mkdir(parents=True)
    built = {"load": "static/remoteEntry.js", "extension": "./extension"}
    about = {"name": name, "version": number or version("jmcp"), "jupyterlab": {"_build": built}}
    manifest.write_text(json.dumps(about))
    return manifest


def configure(home: Path, **values: object) -> None:
    file = home / ".jupyter" / "labconfig" / "page_config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(values))


async def found() -> tuple[Finding, Finding]:
    labextension, way = await tabs()
    return labextension, way


async def test_with_jmcps_labextension_tabs_share_by_it(home: Path) -> None:
    install(home, OURS)
    labextension, way = await found()
    assert (labextension.state, way.state) == ("ok", "ok")
    assert way.fact.startswith("jmcp:")


async def test_collaboration_goes_first_unless_it_is_off(home: Path) -> None:
    install(home, OURS)
    install(home, COLLABORATION)
    assert (await found())[1].fact.startswith("collaboration:")
    configure(home, disabledExtensions={COLLABORATION: True})
    assert (await found())[1].fact.startswith("jmcp:")


async def test_none_installed_is_a_problem_and_says_how_to_install_it() -> None:
    labextension, way = await found()
    assert (labextension.state, way.state) == ("problem", "warning")
    assert "pip install" in labextension.remedy
    assert way.fact.startswith("file:")


@pytest.mark.parametrize("name", [OURS, f"{OURS}:sharing"])
async def test_a_disabled_one_is_told_with_the_command_that_enables_it(
    home: Path, name: str
) -> None:
    install(home, OURS)
    configure(home, disabledExtensions={name: True})
    labextension, way = await found()
    assert (labextension.state, way.state) == ("warning", "warning")
    assert f"jupyter labextension enable {name}" in labextension.remedy
    assert way.fact.startswith("file:")


async def test_one_of_another_version_is_told(home: Path) -> None:
    install(home, OURS, "0.0.1")
    labextension, way = await found()
    assert (labextension.state, way.state) == ("warning", "ok")
    assert f"is 0.0.1, and jmcp is {version('jmcp')}" in labextension.fact


async def test_a_manifest_that_cannot_be_read_is_a_problem(home: Path) -> None:
    install(home, OURS).write_text("{")
    assert (await found())[0].state == "problem"
