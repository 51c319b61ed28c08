"""The addresses of Jupyter Servers, from the URLs and tokens that a person gives."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from jmcp.core.errors import ServeError
from jmcp.options.serve_options import JupyterAddress, pop_token

LAB_PAGES = re.compile(r"/(lab|tree|notebooks)(/tree/.*|/)?$")
"""What follows base_url in the URL that Jupyter prints, or that a browser shows."""
JUPYTER_TOKENS = ("JMCP_JUPYTER_TOKEN", "JUPYTER_TOKEN")


@dataclass(frozen=True, slots=True)
class JupyterAddresses:
    """The servers of documents and of kernels: the same one twice, or two."""

    documents: JupyterAddress
    kernels: JupyterAddress

    @property
    def _by_kind(self) -> dict[str, JupyterAddress]:
        if self.documents == self.kernels:
            return {"jupyter": self.documents}
        return {"document": self.documents, "kernel": self.kernels}

    @property
    def options(self) -> dict[str, str]:
        """The values of the options that name them."""
        return {f"{kind}_url": server.url for kind, server in self._by_kind.items()}

    @property
    def tokens(self) -> dict[str, str]:
        """The variables that hold their tokens."""
        return {
            f"JMCP_{kind.upper()}_TOKEN": server.token or ""
            for kind, server in self._by_kind.items()
        }


def jupyter_addresses(
    values: dict[str, Any], tokens: dict[str, str | None], environment: MutableMapping[str, str]
) -> JupyterAddresses:
    """The addresses, from the resolved values of the options and the given tokens.

    Raises ServeError.
    """
    url = values["jupyter_url"]
    shared = tokens["jupyter"] or pop_token(environment, JUPYTER_TOKENS)
    document = tokens["document"] or pop_token(environment, ("JMCP_DOCUMENT_TOKEN",))
    kernel = tokens["kernel"] or pop_token(environment, ("JMCP_KERNEL_TOKEN",))
    return JupyterAddresses(
        jupyter_address("document", values["document_url"] or url, document or shared),
        jupyter_address("kernel", values["kernel_url"] or url, kernel or shared),
    )


def jupyter_address(kind: str, url: str | None, token: str) -> JupyterAddress:
    """The address of a server, from any URL of it that a person may have. Raises ServeError."""
    if not url:
        raise ServeError(f"name the server of {kind}s too, with --{kind}-url or --jupyter-url")
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is not a number
        known = False
    if not known or parts.username or parts.password or re.search(r"\s", url):
        raise ServeError(
            f"--{kind}-url or --jupyter-url is not the URL of a server, as in http://127.0.0.1:8888/"
        )
    path = LAB_PAGES.sub("", parts.path).rstrip("/")
    in_url = parse_qs(parts.query).get("token", [""])[0]
    return JupyterAddress(
        url=urlunsplit((parts.scheme, parts.netloc, f"{path}/", "", "")),
        token=token or in_url or None,
    )
