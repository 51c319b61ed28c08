"""Who sends a request to the site inside Jupyter Server: behind its authentication, or with a token
of jmcp's own.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_server.auth.authorizer import AllowAllAuthorizer, Authorizer
from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider, User
from jupyter_server.base.call_context import CallContext
from jupyter_server.base.handlers import JupyterHandler

from jmcp.core.calls.principal import ANONYMOUS, Named, Principal
from jmcp.transport.middleware.credential import credential
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.oauth.answers import CHALLENGE, login, unauthorized
from jmcp.transport.problems import MEDIA_TYPE, Problem, problem_body

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

SHARED_PRINCIPAL = "jupyter"
"""The owner for whoever has the token of one of Jupyter's own identity providers: the user names
that those make up differ from request to request."""
SHARED_USER = User(SHARED_PRINCIPAL)
TOKEN_PROVIDERS = (IdentityProvider, PasswordIdentityProvider)
"""Those whose token means everybody who has it; a subclass may do anything with it."""
NOTHING: Mapping[str, str] = MappingProxyType({})
NO_TOKEN = "Send Jupyter's token, or a named one of jmcp: Authorization: Bearer <token>."


class Guarded(Protocol):
    """A server, or the handler of a request: who decides there who comes in and what they may do."""

    @property
    def identity_provider(self) -> IdentityProvider: ...
    @property
    def authorizer(self) -> Authorizer: ...


def is_of_jupyter(provider: IdentityProvider) -> bool:
    """Whether the identity provider is one of Jupyter's own."""
    return type(provider).__module__.startswith("jupyter_server.")


def takes_named_tokens(guarded: Guarded) -> bool:
    """Whether tokens of jmcp's own are valid there."""
    return is_of_jupyter(guarded.identity_provider) and (
        type(guarded.authorizer) is AllowAllAuthorizer
    )


class Host(Protocol):
    """What a request needs of the extension that serves it."""

    policy: HostOriginPolicy
    named: Named
    oauth: ResourceServer | None

    async def login(self) -> ResourceServer | None:
        """`oauth`, once it is known whether there is one."""

    async def app(self) -> Application:
        """The ASGI application, once it runs. Raises Problem 503 if it does not."""


class IdentifiedHandler(JupyterHandler):
    """Answers nobody whom neither Jupyter nor a named token identifies, and refuses with problems."""

    def initialize(self, host: Host, allow: str) -> None:
        """`allow` are the methods that its path takes, as the Allow header has them."""
        self._host = host
        self._allow = allow
        self._named: Principal | None = None
        self._oauth: ResourceServer | None = None

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        headers = self.request.headers
        try:
            self._host.policy.check(headers.get("Host", ""), headers.get("Origin"))
        except Problem as refusal:
            self.refuse(refusal.body)
            return
        self._named = self._with_named_token()
        if self._named is None and self._has_jupyter_token():
            self._token_authenticated = True
            self._identified(SHARED_USER)
            return
        if self._named is None:
            try:
                self._named = await self._logged_in()
            except Problem as refusal:
                self.refuse(refusal.body, refusal.headers)
                return
        if self._named is not None:
            # No user of Jupyter, and so no access to anything of Jupyter's own. Cookies do not
            # count beside a token, so there is nothing that another site could abuse (XSRF).
            self._identified(None)
            return
        await super().prepare(_redirect_to_login=False)
        if self.current_user is None and self.request.method != "OPTIONS":
            self._refuse_anonymous()

    def _identified(self, user: User | None) -> None:
        """As `JupyterHandler.prepare` does once it knows the user."""
        CallContext.set(CallContext.JUPYTER_HANDLER, self)
        self.current_user = self._jupyter_current_user = user
        self.set_cors_headers()

    def set_cookie(self, *_: Any, **__: Any) -> None:
        """Sets no login cookies: each would be another made-up user."""

    def set_cors_headers(self) -> None:
        """CORS headers only when configured; by default Jupyter gives them to any token."""
        if self.allow_origin or self.allow_origin_pat:
            super().set_cors_headers()

    def compute_etag(self) -> None:
        """Computes none: the application chooses its headers."""

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answers what Jupyter or Tornado refused, as a problem."""
        anonymous = getattr(self, "_jupyter_current_user", None) is None
        if anonymous and status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            # Jupyter checks XSRF before it asks who it is.
            self._refuse_anonymous()
        else:
            self.refuse(problem_body(status_code, f"{HTTPStatus(status_code).phrase}."))

    def _refuse_anonymous(self) -> None:
        if self._host.oauth is None:
            self.refuse(problem_body(401, NO_TOKEN))
        else:
            refusal = unauthorized(self._host.oauth.settings, self.request.headers.get("Host", ""))
            self.refuse(refusal.body, refusal.headers)

    def refuse(self, body: dict[str, Any], headers: Mapping[str, str] = NOTHING) -> None:
        """End the request with a problem."""
        status = int(body["status"])
        self.set_status(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.set_header(CHALLENGE, 'Bearer realm="jupyter"')
        for name, value in headers.items():
            self.set_header(name, value)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self._allow)
        self.set_header("Content-Type", MEDIA_TYPE)
        self.finish(json.dumps(body))

    def _with_named_token(self) -> Principal | None:
        """The owner of the named token in the request; None without one, or where none is valid.

        Named tokens are valid on a server of one person. Where somebody else decides who comes in
        (a JupyterHub) and what they may do (an authorizer), a file of that person must not.
        """
        if not takes_named_tokens(self):
            return None
        if self._user_replaced():
            return None
        return self._host.named(credential(self.request.headers.get("Authorization", "")))

    async def _logged_in(self) -> Principal | None:
        """Whom the token in the request stands for at an OpenID provider; None without such a token, or
        where none is valid. Raises Problem."""
        given = credential(self.request.headers.get("Authorization", ""))
        if not given or not takes_named_tokens(self) or self._user_replaced():
            return None
        if self._is_jupyter_token(given):
            return None
        self._oauth = await self._host.login()
        if self._oauth is None:
            return None
        return await login(self._oauth, given, self.request.headers.get("Host", ""))

    def _still_admitted(self) -> bool:
        """Whether the token of jmcp or of an OpenID provider in the request is valid now; what Jupyter
        admitted stays so."""
        if self._oauth is not None and self._named is not None:
            given = credential(self.request.headers.get("Authorization", ""))
            return self._oauth.admits(given, self._named)
        return self._named is None or self._with_named_token() == self._named

    def _has_jupyter_token(self) -> bool:
        """Whether the request has the token of one of Jupyter's own identity providers in its
        header, and nothing else that says who it is.

        Jupyter would come to the same end: it makes up a user, signs a cookie for it and formats a
        line of its log, which takes a tenth of a call.
        """
        request = self.request
        if type(self.identity_provider) not in TOKEN_PROVIDERS or self._user_replaced():
            return False
        if "Cookie" in request.headers or "token" in request.query:
            return False
        return self._is_jupyter_token(credential(request.headers.get("Authorization", "")))

    def _is_jupyter_token(self, given: str) -> bool:
        token = self.identity_provider.token
        return bool(token) and hmac.compare_digest(given.encode(), token.encode())

    def _jupyter_identifies(self) -> bool:
        return is_of_jupyter(self.identity_provider)

    def _user_replaced(self) -> bool:
        """Whether somebody decides in Jupyter's old way who people are: JupyterHub before 3."""
        return self.get_current_user.__module__ != JupyterHandler.__module__

    def _principal(self) -> Principal | None:
        if self._named is not None:
            return self._named
        if self.current_user is None or not self.identity_provider.auth_enabled:
            return None
        name = SHARED_PRINCIPAL if self._jupyter_identifies() else str(self.current_user.username)
        return Principal(name=name, by_cookie=self._by_cookie())

    def _by_cookie(self) -> bool:
        """Whether the request has the cookie of a login and no token."""
        headers = self.request.headers
        return (
            "Cookie" in headers
            and "Authorization" not in headers
            and "token" not in self.request.query_arguments
        )

    @property
    def owner(self) -> str:
        """The owner of this person's sessions."""
        principal = self._principal()
        return ANONYMOUS if principal is None else principal.name
