"""jmcp's own site over HTTP on what is in memory: a server that starts, stops and stalls at once.

What the page asks of a server is real; notebooks and kernels are not, and there is no JupyterLab.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import uvicorn
from playwright.async_api import Browser, BrowserContext, expect

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import Principal
from jmcp.transport.middleware.principal import HOLDER
from jmcp.transport.pages.workbench import PATHS
from jmcp.transport.site import site
from tests.e2e.workbench.page import Workbench
from tests.fakes.jmcp import FakeJmcp

LIVE = "live"
TOKEN = "token-of-the-server"
OWNER = Caller(owner=HOLDER, authenticated=True, client="agent")


@dataclass(kw_only=True)
class Site:
    """`named` are named tokens with their owners; `port` is the same after a restart."""

    named: dict[str, str] = field(default_factory=dict)
    jmcp: FakeJmcp = field(default_factory=FakeJmcp)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        self.jmcp.make()
        made = site(
            self.jmcp.dispatcher,
            version="1.2.3",
            token=TOKEN,
            named=self._principal,
            public_paths=PATHS,
        )
        config = uvicorn.Config(made, port=self.port, log_config=None, lifespan="on")
        self._server = uvicorn.Server(config)
        listener = config.bind_socket()
        listener.listen()
        self.port = listener.getsockname()[1]
        # Not `serve`, which takes the signals of the process.
        self._serving = asyncio.create_task(self._server._serve([listener]))

    async def stop(self) -> None:
        # A server ends streams before it waits for them.
        self.jmcp.dispatcher.activity.calls.close()
        self._server.should_exit = True
        await self._serving

    async def die(self) -> None:
        """End as a process does that is killed: connections break off."""
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await self.stop()

    async def call(self, tool: str, *, by: str = HOLDER, **arguments: object) -> None:
        """A call of an agent of that owner, whatever comes of it."""
        await self.jmcp.dispatcher.call(tool, dict(arguments), replace(OWNER, owner=by))

    def _principal(self, token: str) -> Principal | None:
        name = self.named.get(token)
        return None if name is None else Principal(name=name)


@asynccontextmanager
async def serving(**options: object) -> AsyncIterator[Site]:
    made = Site(**options)  # type: ignore[arg-type] # passed on as they are
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def signed_in(
    chrome: Browser,
    served: Site,
    token: str = TOKEN,
    *,
    state: str = LIVE,
    clock: bool = False,
) -> AsyncIterator[Workbench]:
    """The page, to which a token was given as a person gives it, once it is in that state. With
    `clock` the time of the page can be put forward."""
    context = await chrome.new_context()
    try:
        # There is no JupyterLab here, and its page would be asked for again and again.
        await context.route(
            "**/lab/**",
            lambda route: route.fulfill(body="<button>Lab</button>", content_type="text/html"),
        )
        if clock:
            await context.clock.install()
        workbench = await sign_in(context, served, token)
        await expect(workbench.page.locator(".connection")).to_have_text(state)
        workbench.complaints.clear()
        yield workbench
    finally:
        await context.close()


async def sign_in(context: BrowserContext, served: Site, token: str = TOKEN) -> Workbench:
    """One more tab in a browser."""
    workbench = Workbench(await context.new_page())
    await workbench.page.goto(f"{served.url}jmcp/workbench")
    await workbench.page.get_by_label("token").fill(token)
    # Of the first requests, which had no token.
    assert all("401" in one for one in workbench.complaints)
    await workbench.page.get_by_role("button", name="Sign in").click()
    return workbench
