"""Which of the three ways pages have their notebooks, and what is kept of rooms where."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupyterlab_server.config as untyped_config
import pytest
from traitlets.config import Config

from jmcp_jupyter.documents.local.rooms import collaboration
from jmcp_jupyter.documents.local.tabs import ways

config: Any = untyped_config
THEIRS, OURS = ways.PROVIDER, ways.OURS


def server(*, lab: bool = True, **page_config: Any) -> Any:
    apps = {"jupyterlab": [SimpleNamespace(labextensions_path=["x"], app_settings_dir=None)]}
    return SimpleNamespace(
        extension_manager=SimpleNamespace(extension_apps=apps if lab else {"other": [object()]}),
        web_app=SimpleNamespace(settings={"page_config_data": page_config}),
    )


@pytest.mark.parametrize(
    ("installed", "disabled", "disable_rtc", "way"),
    [
        ((THEIRS, OURS), (), False, "collaboration"),
        ((THEIRS, OURS), (), True, "jmcp"),
        ((THEIRS, OURS), (THEIRS,), False, "jmcp"),
        ((THEIRS, OURS), (f"{THEIRS}:logger",), False, "collaboration"),
        ((OURS,), (), False, "jmcp"),
        ((OURS,), (OURS,), False, "file"),
        ((OURS,), ("jmcp-labextension:sharing",), True, "file"),
        ((THEIRS, OURS), (OURS,), True, "file"),
        ((THEIRS,), (), False, "collaboration"),
        ((), (), False, "file"),
    ],
)
def test_the_way_follows_what_pages_load(
    installed: tuple[str, ...],
    disabled: tuple[str, ...],
    disable_rtc: bool,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = {
        "federated_extensions": [{"name": name} for name in installed],
        "disabledExtensions": list(disabled),
    }
    monkeypatch.setattr(config, "get_page_config", lambda *_: page)
    extension = SimpleNamespace(disable_rtc=disable_rtc)
    assert ways.way_of(server(), extension, ours=True) == way
    without = "file" if way == "jmcp" else way
    assert ways.way_of(server(), extension, ours=False) == without
    if way == "collaboration" and OURS in installed:
        switched_off = server(disableRTC="true")
        assert ways.way_of(switched_off, extension, ours=True) == "jmcp"


@pytest.mark.parametrize(("disable_rtc", "way"), [(False, "collaboration"), (True, "file")])
def test_without_pages_rooms_are_whose_they_were(disable_rtc: bool, way: str) -> None:
    extension = SimpleNamespace(disable_rtc=disable_rtc)
    assert ways.way_of(server(lab=False), extension, ours=True) == way


class Store:
    """A class of stores with a database."""

    db_path = ".jupyter_ystore.db"


def extension_with(**given: Any) -> Any:
    settings = {"collaborative_session_store_path": None}
    return SimpleNamespace(
        ystore_class=Store,
        config=Config(given),
        log=logging.getLogger("jmcp"),
        serverapp=SimpleNamespace(web_app=SimpleNamespace(settings=settings)),
    )


def test_what_is_kept_of_rooms_is_in_the_folder_unless_configured(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "here"
    extension = extension_with()
    placed = collaboration._placed(extension, folder)
    assert placed.Store.db_path == str(folder / "ystore.db")
    assert "db_path" not in extension.config.Store
    assert (folder / "ystore.db").stat().st_mode & 0o777 == 0o600
    kept = extension.serverapp.web_app.settings["collaborative_session_store_path"]
    assert kept == str(folder / "sessions.json")

    configured = extension_with(Store={"db_path": "elsewhere.db"})
    configured.serverapp.web_app.settings["collaborative_session_store_path"] = "elsewhere.json"
    assert collaboration._placed(configured, folder).Store.db_path == "elsewhere.db"
    settings = configured.serverapp.web_app.settings
    assert settings["collaborative_session_store_path"] == "elsewhere.json"

    # Too large: histories are given up, notebooks are in their files.
    with (folder / "ystore.db").open("wb") as file:
        file.truncate(collaboration.LARGEST_STORE_MB * 2**20 + 1)
    collaboration._placed(extension_with(), folder)
    assert (folder / "ystore.db").stat().st_size == 0

    (tmp_path / "a file").touch()
    nowhere = collaboration._placed(extension_with(), tmp_path / "a file" / "below")
    assert nowhere.Store.db_path == ":memory:"
