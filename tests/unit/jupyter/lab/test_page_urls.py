"""URLs of JupyterLab's pages, whatever is in the paths and in the URL of the server."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pytest

from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.lab.local import LocalLabPages
from jmcp_jupyter.lab.page_urls import plain_base, tree_url, workspace_url
from jmcp_jupyter.lab.remote import RemoteLabPages

PATHS = [
    "a.ipynb",
    "sub folder/a b.ipynb",
    "100% #1?.ipynb",
    "quo\"te's & <b>.ipynb",
    "%2e%2e/a.ipynb",
    "größe/会話 🎉.ipynb",
    "a+b;c,d=e@f:g.ipynb",
    "a.ipynb?token=x.ipynb",
]
SECRET = "s3cret"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("base", ["http://127.0.0.1:8888/", "/user/ada/", "https://h/x%20y/"])
def test_a_path_is_encoded_whole_and_read_back(base: str, path: str) -> None:
    for url, front, query in (
        (tree_url(base, path), "lab/tree/", ""),
        (workspace_url(base, path, "w"), "lab/workspaces/w/tree/", ""),
        (workspace_url(base, path, "w", reset=True), "lab/workspaces/w/tree/", "reset"),
    ):
        assert url.isascii()
        assert not set(url) & set(" \"'<>#")
        parts = urlsplit(url)
        assert (parts.query, parts.fragment) == (query, "")
        read = parts.path.removeprefix(f"{urlsplit(base).path}{front}")
        assert unquote(read) == path


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:8888/user/ada?token={SECRET}",
        f"http://127.0.0.1:8888/user/ada/#token={SECRET}",
        f"http://ada:{SECRET}@127.0.0.1:8888/user/ada//",
        f"http://{SECRET}@127.0.0.1:8888/user/ada/?a=b&token={SECRET}#x",
    ],
)
def test_no_secret_of_the_servers_url_is_in_one_of_a_page(url: str) -> None:
    assert plain_base(url) == "http://127.0.0.1:8888/user/ada/"


class App:
    """What pages ask of a server."""

    base_url = "/user/ada/"
    connection_url = "http://127.0.0.1:8888/user/ada/"

    def __init__(self, displayed: str = "") -> None:
        self.custom_display_url = displayed


@pytest.mark.parametrize(
    ("external", "displayed", "variables", "base"),
    [
        (None, "", {}, "http://127.0.0.1:8888/user/ada/"),
        ("https://e/x", "https://d/", {"JUPYTERHUB_PUBLIC_URL": "https://p/"}, "https://e/x/"),
        (None, f"https://d/?token={SECRET}", {"JUPYTERHUB_PUBLIC_URL": "https://p/"}, "https://d/"),
        (None, "https://d", {}, "https://d/user/ada/"),
        (None, "", {"JUPYTERHUB_PUBLIC_URL": "https://p/user/ada/"}, "https://p/user/ada/"),
        (None, "", {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}, "/user/ada/"),
        (
            None,
            "",
            {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/", "JUPYTERHUB_HOST": "https://ada.hub"},
            "https://ada.hub/user/ada/",
        ),
    ],
)
def test_what_is_told_of_where_browsers_reach_a_server_goes_first(
    external: str | None, displayed: str, variables: dict[str, str], base: str
) -> None:
    pages = LocalLabPages(cast(Any, App(displayed)), external_url=external, variables=variables)
    assert pages.url("a.ipynb") == f"{base}lab/tree/a.ipynb"
    assert pages.url("a.ipynb", alone=True) == f"{base}lab/workspaces/jmcp/tree/a.ipynb?reset"


async def test_of_a_remote_server_it_is_the_url_that_jmcp_has() -> None:
    api = JupyterApi("http://jupyter:8888/base", SECRET)
    try:
        near = RemoteLabPages(api, external_url=None)
        assert near.url("a.ipynb") == "http://jupyter:8888/base/lab/tree/a.ipynb"
        far = RemoteLabPages(api, external_url="https://hub.example.org/user/ada")
        assert far.url("a.ipynb") == "https://hub.example.org/user/ada/lab/tree/a.ipynb"
    finally:
        await api.close()
