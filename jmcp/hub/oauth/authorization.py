"""The authorization endpoint: checks a client's request, and sends the browser to the Hub to log in."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jmcp.core.errors import StateUnavailable
from jmcp.hub.login.flows import Flows, FlowTooLong
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.pages import Page, error_page
from jmcp.hub.oauth.answers import MAX_FIELDS, OAuthError, form_of, single
from jmcp.hub.oauth.client import Client
from jmcp.hub.oauth.clients import Clients
from jmcp.hub.oauth.document_fetch import DocumentRefused
from jmcp.hub.oauth.redirect_uris import is_loopback, is_registered, place_of

CLIENT_LOGIN = "client"
"""The kind of a login that is for a client's request."""

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_STATE_CHARACTERS = 1_000
MAX_QUERY_CHARACTERS = 8_000
ADVICE = "Begin the login again in the program that opened this page; if it comes here once more, remove its login there first."
STORE_SILENT = "The gateway's store does not answer. Try again in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request that was checked: whatever follows is answered at its redirect URI."""

    client_id: str
    client_name: str
    document_host: str
    redirect_uri: str
    state: str
    challenge: str
    resource: str

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The authorization endpoint. `hub_scopes` are asked of the Hub for a client's calls; empty for all
    that the Hub allows the gateway."""

    address: GatewayAddress
    clients: Clients
    flows: Flows
    hub_scopes: tuple[str, ...] = ()

    async def answer(self, request: Request) -> Response:
        try:
            values, resources = await _parameters(request)
            client, redirect_uri = await self._client(values)
        except OAuthError as error:
            return error_page("This login cannot begin", f"{error.description}.", ADVICE)
        except DocumentRefused as refused:
            return error_page(
                "This login cannot begin", f"The program cannot be identified: {refused}.", ADVICE
            )
        except StateUnavailable:
            return error_page("This login cannot begin", STORE_SILENT, status=503)
        state = values.get("state", "")
        try:
            checked = self._checked(client, redirect_uri, values, resources)
        except OAuthError as error:
            return refusal(
                self.address,
                redirect_uri,
                error=error.error,
                description=error.description,
                state=state if len(state) <= MAX_STATE_CHARACTERS else "",
            )
        then = {"kind": CLIENT_LOGIN, "request": checked.data()}
        try:
            return self.flows.begin(request, then, scopes=self.hub_scopes)
        except FlowTooLong:
            return error_page("This login cannot begin", "Its address is too long.", ADVICE)

    async def _client(self, values: dict[str, str]) -> tuple[Client, str]:
        """The client and its redirect URI. Raises OAuthError, DocumentRefused, StateUnavailable: then
        nothing may lead the browser anywhere."""
        client = await self.clients.find(values.get("client_id", ""))
        if client is None:
            raise OAuthError(
                "invalid_request",
                "The gateway does not know this program, or not any more: it has to register itself "
                "again",
            )
        uri = values.get("redirect_uri", "")
        if not uri and len(client.redirect_uris) == 1 and not is_loopback(client.redirect_uris[0]):
            return client, client.redirect_uris[0]
        if not is_registered(uri, client.redirect_uris):
            raise OAuthError(
                "invalid_request",
                "The address to which it wants the answer sent is none that it has registered",
            )
        return client, uri

    def _checked(
        self, client: Client, redirect_uri: str, values: dict[str, str], resources: list[str]
    ) -> AuthorizationRequest:
        if values.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type is code")
        if values.get("response_mode", "query") != "query":
            raise OAuthError("invalid_request", "response_mode is query")
        if {"request", "request_uri"} & values.keys():
            raise OAuthError("request_not_supported", "requests by reference are not supported")
        if values.get("code_challenge_method") != "S256":
            raise OAuthError("invalid_request", "code_challenge_method is S256")
        challenge = values.get("code_challenge", "")
        if not CHALLENGE.fullmatch(challenge):
            raise OAuthError("invalid_request", "code_challenge is 43 characters of base64url")
        if values.get("prompt") == "none":
            raise OAuthError("interaction_required", "the user has to allow it on a page")
        state = values.get("state", "")
        if len(state) > MAX_STATE_CHARACTERS:
            raise OAuthError(
                "invalid_request", f"state has at most {MAX_STATE_CHARACTERS} characters"
            )
        return AuthorizationRequest(
            client_id=client.id,
            client_name=client.name,
            document_host=client.document_host,
            redirect_uri=redirect_uri,
            state=state,
            challenge=challenge,
            resource=chosen_resource(self.address, resources),
        )


def chosen_resource(address: GatewayAddress, resources: list[str]) -> str:
    """The URL that a token is for (RFC 8707): MCP where the client does not say. Raises OAuthError."""
    if not resources:
        return address.mcp
    known = {one: one for one in (address.mcp, address.rest, address.base)}
    found = {known.get(normal(resource), "") for resource in resources}
    if len(found) != 1 or "" in found:
        raise OAuthError(
            "invalid_target", f"resource is one of {address.mcp}, {address.rest}, {address.base}"
        )
    return found.pop()


def normal(resource: str) -> str:
    """A URL as it is compared: scheme and host in lower case, no slash at the end."""
    try:
        parts = urlsplit(resource)
    except ValueError:
        return resource
    changed = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())
    return urlunsplit(changed).rstrip("/")


def answer_url(address: GatewayAddress, redirect_uri: str, **values: str) -> str:
    """The redirect URI with the answer of the gateway, which names itself (RFC 9207)."""
    parts = urlsplit(redirect_uri)
    given = {name: value for name, value in (values | {"iss": address.base}).items() if value}
    query = "&".join(part for part in (parts.query, urlencode(given)) if part)
    return urlunsplit(parts._replace(query=query))


def redirect(address: GatewayAddress, redirect_uri: str, **values: str) -> Response:
    """Lead the browser back to the client."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(answer_url(address, redirect_uri, **values), 303, headers=headers)


def refusal(
    address: GatewayAddress, redirect_uri: str, *, error: str, description: str, state: str
) -> Response:
    """A refusal before anybody has allowed anything.

    A program on the user's own computer is told at once. To another place nobody is led by a link
    alone that somebody sent (RFC 9700, 4.11.2): there is a page, and its link is for the user to follow.
    """
    values = {"error": error, "error_description": description, "state": state}
    if is_loopback(redirect_uri):
        return redirect(address, redirect_uri, **values)
    link = Markup('<p>{}.</p><p><a rel="noreferrer" href="{}">Back to {}</a></p>').format(
        description, answer_url(address, redirect_uri, **values), place_of(redirect_uri)
    )
    return Page("This login cannot go on", link, status=400)


async def _parameters(request: Request) -> tuple[dict[str, str], list[str]]:
    """The parameters, and apart from them `resource`, which may be there more than once."""
    if request.method == "POST":
        values = await form_of(request)
        return values, [values["resource"]] if "resource" in values else []
    query = request.url.query
    if len(query) > MAX_QUERY_CHARACTERS:
        raise OAuthError("invalid_request", "Its address is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "Its address cannot be read") from None
    resources = [value for name, value in pairs if name == "resource" and value]
    return single([pair for pair in pairs if pair[0] != "resource"]), resources
