"""The page that `jmcp serve` opens in the person's browser."""

from __future__ import annotations

from contextlib import suppress

from jupyter_server.serverapp import ServerApp

from jmcp.client.browser import open_in_background
from jmcp.core.calls.principal import Principal
from jmcp.hosting.client_config import ServerAddress
from jmcp.hosting.embedded_lab import warn
from jmcp.hosting.extension import HostedSite
from jmcp.options.serve_options import Page
from jmcp.transport.entry.pages import LAB, WORKBENCH
from jmcp.transport.jupyter_identity import SHARED_PRINCIPAL
from jmcp.transport.problems import Problem


async def open_page_of(server: ServerApp, page: Page, address: ServerAddress) -> None:
    """Open the page once jmcp answers, with a browser that a ticket lets in."""
    (extension,) = server.extension_manager.extension_apps["jmcp"]
    hosted: HostedSite = extension.hosted
    with suppress(Problem):  # Jupyter's log says why jmcp does not run; JupyterLab does
        await hosted.app()
    path = WORKBENCH if page == "workbench" else LAB
    plain = f"{address.url}{path}"
    url = plain
    if not hosted.entry.refused():  # else somebody else decides who comes in
        _, below = hosted.entry.way_in(Principal(name=SHARED_PRINCIPAL), path)
        url = f"{address.url}{below}"
    browser, through_file = server.browser or None, server.use_redirect_file
    open_in_background(url, plain, warn, browser=browser, through_file=through_file)
