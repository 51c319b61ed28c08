"""Where pages of JupyterLab are, as jmcp is told when it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from jmcp.compose_remote import remote_dispatcher
from jmcp.hosting.jupyter_address import jupyter_address
from jmcp.options.settings import Settings
from jmcp_jupyter.http_api import JupyterApi

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("external", "base"),
    [
        (None, "http://jupyter:8888/base/"),
        ("https://hub.example.org/user/ada", "https://hub.example.org/user/ada/"),
    ],
)
async def test_a_page_is_where_browsers_reach_jupyter(
    external: str | None, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    address = jupyter_address("document", f"http://jupyter:8888/base/lab?token={SECRET}", "")
    assert address.token == SECRET
    api = JupyterApi(address.url, address.token)
    dispatcher = remote_dispatcher(api, api, Settings(store="memory", external_url=external))
    try:
        page = dispatcher.services.lab.url("a.ipynb", alone=True)
        assert page == f"{base}lab/workspaces/jmcp/tree/a.ipynb?reset"
    finally:
        await dispatcher.close()
        await api.close()
