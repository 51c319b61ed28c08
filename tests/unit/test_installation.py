"""The commands that add an extra, by how jmcp was installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmcp import installation
from jmcp.installation import adding, installer, kept, own_command

CACHED = "/home/ada/.cache/uv/archive-v0/Jr3LPaK8seSWx-e_"
TOOL = "/home/ada/.local/share/uv/tools/jmcp"
PIPX = "/home/ada/.local/share/pipx/venvs/jmcp"


class Installed:
    """A distribution that says where it came from, as pip and uv have it (PEP 610)."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        return self._origin if name == "direct_url.json" else None


def come_from(monkeypatch: pytest.MonkeyPatch, origin: dict[str, object] | None) -> None:
    text = None if origin is None else json.dumps(origin)
    monkeypatch.setattr(installation, "distribution", lambda _: Installed(text))


def made_with(monkeypatch: pytest.MonkeyPatch, prefix: str, *modules: str) -> None:
    """An environment at that prefix, where of all extras those modules are installed."""
    monkeypatch.setattr(installation, "installer", lambda: installer(prefix))
    monkeypatch.setattr(installation, "find_spec", lambda name: name if name in modules else None)


def test_what_made_an_environment() -> None:
    prefixes = (CACHED, TOOL, PIPX, "/home/ada/project/.venv", "/usr")
    assert [installer(prefix) for prefix in prefixes] == ["uvx", "uv tool", "pipx", "pip", "pip"]


def test_pip_adds_to_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    come_from(monkeypatch, None)
    made_with(monkeypatch, "/home/ada/.venv", "jupyterlab")
    assert adding("redis") == "pip install 'jmcp[redis]'"


def test_others_keep_only_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    come_from(monkeypatch, None)
    for prefix, command in (
        (CACHED, "uvx --from 'jmcp[lab,redis]' jmcp"),
        (TOOL, "uv tool install 'jmcp[lab,redis]'"),
        (PIPX, "pipx install --force 'jmcp[lab,redis]'"),
    ):
        made_with(monkeypatch, prefix, "jupyterlab")
        assert adding("redis") == command


def test_what_is_in_a_cache_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    come_from(monkeypatch, None)
    made_with(monkeypatch, CACHED, "pandas")
    assert kept() == "uv tool install 'jmcp[demo,lab]'"


def test_a_wheel_and_a_checkout_are_named_by_their_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_with(monkeypatch, "/home/ada/.venv")
    wheel = tmp_path / "my wheels" / "jmcp-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    come_from(monkeypatch, {"url": wheel.as_uri(), "archive_info": {}})
    assert adding("lab") == f"pip install '{wheel}[lab]'"
    come_from(monkeypatch, {"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    assert adding("lab") == f"pip install --editable '{tmp_path}[lab]'"


@pytest.mark.parametrize("url", ["https://example.org/jmcp-0.1.0-py3-none-any.whl", "file:///gone"])
def test_what_is_not_here_any_more_is_named_by_its_name(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_with(monkeypatch, "/home/ada/.venv")
    come_from(monkeypatch, {"url": url})
    assert adding("lab") == "pip install 'jmcp[lab]'"


@pytest.mark.parametrize(
    ("started_as", "on_path", "told"),
    [
        ("project/.venv/bin/jmcp", None, ".venv/bin/jmcp"),
        ("project/.venv/bin/jmcp", "elsewhere/jmcp", ".venv/bin/jmcp"),
        ("project/.venv/bin/jmcp", "project/.venv/bin/jmcp", "jmcp"),
        ("elsewhere/bin/jmcp", None, "{root}/elsewhere/bin/jmcp"),
        ("lib/jmcp/__main__.py", None, "jmcp"),
    ],
)
def test_a_person_is_told_the_command_that_works_here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started_as: str,
    on_path: str | None,
    told: str,
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setattr("sys.argv", [str(tmp_path / started_as)])
    found = None if on_path is None else str(tmp_path / on_path)
    monkeypatch.setattr("shutil.which", lambda _: found)
    assert own_command() == told.format(root=tmp_path)
