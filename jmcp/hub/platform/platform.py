"""The platform page and its API, put together."""

from __future__ import annotations

from starlette.routing import Route

from jmcp.hub.gateway.app import Gateway
from jmcp.hub.oauth.server import OAuthServer
from jmcp.hub.platform.access import Access
from jmcp.hub.platform.admin_login import KIND, AdminLogin, AdminLogins
from jmcp.hub.platform.administration import Administration
from jmcp.hub.platform.api import Api
from jmcp.hub.platform.own_server import OwnServer
from jmcp.hub.platform.page import PlatformPage
from jmcp.hub.platform.person import Person
from jmcp.hub.platform.server_reading import ServerReading


def platform_routes(gateway: Gateway, oauth: OAuthServer) -> list[Route]:
    """The routes of the page, with whole paths; logins of administrators come back to it."""
    api = Api(gateway=gateway, sessions=oauth.sessions)
    logins = AdminLogins(
        records=oauth.records,
        sealer=oauth.sealer,
        hub=gateway.hub,
        prefix=gateway.settings.prefix,
    )
    admin_login = AdminLogin(
        logins=logins,
        sessions=oauth.sessions,
        flows=oauth.flows,
        allowed=oauth.settings.allowed_scopes,
    )
    oauth.continuations[KIND] = admin_login
    reading = ServerReading(api=api)
    page = PlatformPage(
        settings=gateway.settings,
        sessions=oauth.sessions,
        hub_login=oauth.settings.hub.authorize_url,
    )
    return [
        *page.routes(),
        *admin_login.routes(),
        *Person(api=api, address=oauth.address, logins=logins).routes(),
        *OwnServer(api=api, reading=reading).routes(),
        *reading.routes(),
        *Access(api=api, grants=oauth.grants).routes(),
        *Administration(api=api, logins=logins, records=oauth.records).routes(),
    ]
