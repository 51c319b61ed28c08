"""The resource server of OAuth that a server of jmcp's own has, from its options."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jmcp.core.errors import ServeError
from jmcp.core.loopback import is_loopback
from jmcp.options.serve_options import OAuthOptions
from jmcp.transport.oauth.allowed import rule
from jmcp.transport.oauth.refusal import Refusal
from jmcp.transport.oauth.settings import MCP, OAuthSettings

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

NO_RESOURCE = (
    "--oauth-issuer on a server that other machines reach needs --oauth-resource: the https URL under which "
    "clients reach MCP here, as in https://jmcp.example.org/mcp. TLS is for a proxy in front of jmcp"
)


def oauth_settings(options: OAuthOptions | None, host: str, root: str) -> OAuthSettings | None:
    """The settings of a server that listens on `host` and that clients reach at the URL `root`; None
    without options. Raises ServeError where that URL cannot be told.
    """
    if options is None:
        return None
    resource = options.resource
    if resource is None:
        parts = urlsplit(root)
        outside = not is_loopback(parts.hostname or "")
        # A proxy on the same machine is reached by others too, at a URL that only a person knows.
        if (outside and parts.scheme != "https") or not (outside or is_loopback(host)):
            raise ServeError(NO_RESOURCE)
        resource = f"{root.rstrip('/')}{MCP}"
    return OAuthSettings(
        issuer=options.issuer,
        resource=resource,
        allowed=tuple(rule(one) for one in options.allow),
        audiences=frozenset(options.audience),
        scopes=options.scope,
        user_claim=options.user_claim,
        client_id=options.client_id,
        client_secret=options.client_secret,
    )


@asynccontextmanager
async def resource_server(settings: OAuthSettings | None) -> AsyncIterator[ResourceServer | None]:
    """The resource server while this lasts; None without settings."""
    if settings is None:
        yield None
        return
    # Imported here, because few servers need it: a library of JWTs, 0.1 s.
    from jmcp.transport.oauth.resource_server import ResourceServer

    server = ResourceServer(settings)
    try:
        yield server
    finally:
        await server.close()


async def check_provider(settings: OAuthSettings | None) -> None:
    """Asks the provider what it is. Raises ServeError for one that cannot be used; one that does not
    answer is only logged, because it may start later."""
    async with resource_server(settings) as server:
        if server is not None:
            try:
                await server.check()
            except Refusal as error:
                raise ServeError(error.detail) from error


def check_provider_now(settings: OAuthSettings | None) -> None:
    """The same where no loop runs yet, and the one that will is left alone."""
    if settings is not None:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(check_provider(settings))
