"""How pages of this server share their notebooks: by JupyterLab's collaboration, by jmcp, or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jmcp.core.pages.pages import Way

PROVIDER = "@jupyter/docprovider-extension"
"""The labextension by which JupyterLab's collaboration joins rooms."""
OURS = "jmcp-labextension"
SHARING = f"{OURS}:sharing"
"""Its plugin that joins rooms."""


def way_of(serverapp: Any, extension: Any, *, ours: bool) -> Way:
    """How a page that is opened now would have its notebooks, with jupyter-server-ydoc loaded;
    `ours`: jmcp's labextension may join rooms.

    Reads the files that JupyterLab reads for each of its pages, in 5 ms. Where no JupyterLab serves
    pages here, whoever edits uses the rooms themselves.
    """
    pages = list(_page_configurations(serverapp))
    if not pages:
        return "file" if extension.disable_rtc else "collaboration"
    disabled_by_server = serverapp.web_app.settings.get("page_config_data", {}).get("disableRTC")
    switched_off = bool(extension.disable_rtc) or disabled_by_server in (True, "true")
    if not switched_off and any(_has(page, PROVIDER) for page in pages):
        return "collaboration"
    return "jmcp" if ours and any(_has(page, OURS, SHARING) for page in pages) else "file"


def _page_configurations(serverapp: Any) -> Iterable[Mapping[str, Any]]:
    """Of JupyterLab and Notebook, as far as they are loaded."""
    for apps in serverapp.extension_manager.extension_apps.values():
        for app in apps:
            paths = getattr(app, "labextensions_path", None)
            if paths is not None:
                from jupyterlab_server.config import (
                    get_page_config,
                )  # which such an app is made with

                extra = list(getattr(app, "extra_labextensions_path", ()))
                yield get_page_config(extra + list(paths), getattr(app, "app_settings_dir", None))


def _has(page: Mapping[str, Any], name: str, *plugins: str) -> bool:
    """Whether a page loads that labextension, and none of these plugins of it is disabled."""
    installed = any(one["name"] == name for one in page.get("federated_extensions", ()))
    disabled = page.get("disabledExtensions", ())
    return installed and not any(one in disabled for one in (name, *plugins))
