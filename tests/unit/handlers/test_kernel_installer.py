"""The file that installs packages, as it runs in a kernel: of any Python, with the installer it finds."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from jmcp_handlers.support.packages import kernel_installer
from jmcp_handlers.support.packages.kernel_installer import Place, installed, installer, report


def test_it_runs_in_kernels_of_old_pythons() -> None:
    source = Path(kernel_installer.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        if name is not None
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An executable of that name on the path, and nothing that says how to install."""
    found = tmp_path / "uv"
    found.write_text("")
    found.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os.path, "isfile", lambda path: False)
    return str(found)


def test_uv_where_it_is_found(uv: str) -> None:
    assert installer("/env/bin/python") == ("uv", [uv, "pip", "install", "--python", "/env/bin/python"])  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"PIP_INDEX_URL": "https://there"}, "pip"),
        ({"PIP_NO_INDEX": "1"}, "pip"),
        ({"PIP_INDEX_URL": "https://there", "UV_INDEX_URL": "https://there"}, "uv"),
        ({"PIP_DEFAULT_TIMEOUT": "1"}, "uv"),
    ],
)
def test_pip_where_only_pip_knows_the_index(
    uv: str, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert installer("/env/bin/python")[0] == name


def test_pip_where_a_file_configures_it(uv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "isfile", lambda path: path == "/etc/pip.conf")
    assert installer("/env/bin/python") == ("pip", ["/env/bin/python", "-m", "pip", "install"])


def distribution(folder: Path, name: str, version: str, *files: str) -> None:
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))


def test_the_first_folder_counts_and_there_what_was_made_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second"), "/nope"])
    distribution(tmp_path / "second", "a_b", "3.0")
    distribution(tmp_path / "first", "A.b", "2.0")
    os.utime(tmp_path / "first/A.b-2.0.dist-info/RECORD", ns=(1, 1))
    distribution(tmp_path / "first", "a_b", "1.0")
    assert {name: place.version for name, place in installed().items()} == {"a-b": "1.0"}


def test_what_was_imported_of_a_changed_package_is_told(tmp_path: Path) -> None:
    distribution(
        tmp_path, "json_like", "2.0", "json/decoder.py", "../../bin/x.py", "nope/__init__.py"
    )
    place = Place("2.0", str(tmp_path / "json_like-2.0.dist-info"), 2)
    before = {"json-like": Place("1.0", "", 1), "same": place}
    found = report("pip", 0, ["same", "new"], before, {"json-like": place, "same": place})
    assert found["imported"] == ["json"]
    assert [(row["name"], row["changed"]) for row in found["packages"]] == [
        ("same", False),
        ("new", False),
        ("json-like", True),
    ]
    new = report("pip", 0, [], {}, {"json-like": place})
    assert new["imported"] == []
