"""The URLs of JupyterLab's pages, as a browser opens them: percent-encoded, without a token."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

WORKSPACE = "jmcp"
"""JupyterLab's workspace of a page that is switched from one notebook to the next. A person's own
workspace, which such a page would reset, has another name."""


def plain_base(url: str) -> str:
    """The URL of a server with nothing in it that logs somebody in, and a slash at its end."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, f"{parts.path.rstrip('/')}/", "", ""))


def tree_url(base: str, path: str) -> str:
    """The notebook beside the tabs that the person's page has."""
    return f"{base}lab/tree/{_quoted(path)}"


def workspace_url(base: str, path: str, workspace: str, *, reset: bool = False) -> str:
    """The notebook in front, in that workspace; `reset` closes its other tabs.

    With the notebook's path also a page whose workspace another page of the same browser has open
    shows it: JupyterLab then goes to an empty one.
    """
    where = f"{base}lab/workspaces/{workspace}/tree/{_quoted(path)}"
    return f"{where}?reset" if reset else where


def _quoted(path: str) -> str:
    return quote(path, safe="/")
