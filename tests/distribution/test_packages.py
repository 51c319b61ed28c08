"""What is in the wheel and in the sdist."""

from __future__ import annotations

import re
import tarfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from distribution.packages import CHECKOUT, build_packages, project_of
from tests.distribution.conftest import Built

PACKAGES = {
    "jmcp": "jmcp",
    "jmcp_api": "generated/jmcp_api",
    "jmcp_handlers": "handlers/jmcp_handlers",
    "jmcp_jupyter": "handlers/jmcp_jupyter",
    "jmcp_codegen": "codegen/jmcp_codegen",
}
WITHIN = {"jmcp_codegen/spec": "spec"}
"""Folders that are put into a package: toolsets of other packages build on jmcp's spec."""
NOT_CODE = {
    "jmcp/transport/rest/docs/page.html",
    "jmcp_api/mcp-tools.json",
    "jmcp_api/openapi.json",
    "jmcp_codegen/schemas/tools.schema.json",
    "jmcp_codegen/spec/tools.yaml",
    "jmcp_codegen/spec/text/cell.jinja",
    "jmcp_codegen/templates/texts.py.j2",
    *(f"{package}/py.typed" for package in PACKAGES),
}
"""Files that a process reads when it runs, some of each kind."""
VERSION = project_of()["version"]
METADATA = f"jmcp-{VERSION}.dist-info"
DATA = f"jmcp-{VERSION}.data/data"
ENABLED = f"{DATA}/etc/jupyter/jupyter_server_config.d/jmcp.json"
LABEXTENSION = f"{DATA}/share/jupyter/labextensions/jmcp-labextension"


def sources() -> set[str]:
    """The files of the packages, as the wheel has to name them."""
    return {
        f"{package}/{file.relative_to(CHECKOUT / folder).as_posix()}"
        for package, folder in {**PACKAGES, **WITHIN}.items()
        for file in (CHECKOUT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def labextension() -> dict[str, Path]:
    """The files of the extension of JupyterLab, as the wheel has to name them."""
    folder = CHECKOUT / "labextension"
    built = [file for file in (folder / "built").rglob("*") if file.is_file()]
    files = {file.relative_to(folder / "built").as_posix(): file for file in built}
    files["install.json"] = folder / "install.json"
    return {f"{LABEXTENSION}/{name}": file for name, file in files.items()}


def license_files() -> list[str]:
    """Of the project, and of what its pages are bundled from."""
    found = [[*CHECKOUT.glob(pattern)] for pattern in project_of()["license-files"]]
    assert all(found)
    return [str(file.relative_to(CHECKOUT)) for files in found for file in files]


def test_the_wheel_has_the_packages_and_nothing_else(built: Built) -> None:
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
        assert {name for name in names if name.partition("/")[0] in PACKAGES} == sources()
        assert names - sources() == {
            ENABLED,
            *labextension(),
            f"{METADATA}/METADATA",
            f"{METADATA}/RECORD",
            f"{METADATA}/WHEEL",
            f"{METADATA}/entry_points.txt",
            *(f"{METADATA}/licenses/{file}" for file in license_files()),
        }
        assert wheel.read(ENABLED) == (CHECKOUT / "jmcp/jupyter-config/jmcp.json").read_bytes()
        for name, file in labextension().items():
            assert wheel.read(name) == file.read_bytes()
    assert names >= NOT_CODE


def test_its_metadata(built: Built) -> None:
    with ZipFile(built.wheel) as wheel:
        metadata = Parser().parsestr(wheel.read(f"{METADATA}/METADATA").decode())
    assert metadata["Name"] == "jmcp"
    assert metadata["Version"] == VERSION
    # The newest that the tools of PyPI take; hatchling writes newer ones unless it is told.
    assert metadata["Metadata-Version"] == "2.4"
    assert metadata["License-Expression"] == "BSD-3-Clause AND Apache-2.0 AND MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (CHECKOUT / "README.md").read_text()
    extras = {"lab", "demo", "remote", "redis", "codegen", "hub", "otel", "all"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def test_the_page_names_the_files_that_are_built(built: Built) -> None:
    page = (CHECKOUT / "docs" / "installing.md").read_text()
    assert all(f"`{file.name}`" in page for file in (built.wheel, built.sdist, built.bundle))
    assert set(re.findall(r"jmcp-(\d[\d.]*\d)", page)) == {VERSION}


def test_the_sdist_builds_the_same_wheel(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(built.sdist) as sdist:
        sdist.extractall(tmp_path, filter="data")
    folder = tmp_path / f"jmcp-{VERSION}"
    shown = {path.name for path in folder.iterdir()}
    assert {"LICENSE", "README.md", "pyproject.toml", "spec"} <= shown
    assert not shown & {"tests", "benchmarks", "docs", "examples"}
    # Another time of building is no difference.
    for file in folder.rglob("*.py"):
        file.touch()
    [again] = build_packages(tmp_path, folder, ["wheel"])
    assert again.read_bytes() == built.wheel.read_bytes()


def test_the_time_of_a_release_can_be_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795824000")
    [wheel] = build_packages(tmp_path, targets=["wheel"])
    with ZipFile(wheel) as archive:
        assert {one.date_time[:3] for one in archive.infolist()} == {(2026, 11, 28)}
