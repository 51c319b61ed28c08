"""Which client a request comes from, and how it shows that."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from starlette.requests import Request

from jmcp.hub.oauth.answers import OAuthError
from jmcp.hub.oauth.client import AuthMethod
from jmcp.hub.oauth.clients import Clients

CHALLENGE = 'Basic realm="jmcp"'


async def client_of_request(clients: Clients, request: Request, form: dict[str, str]) -> str:
    """The id of the client that sent the request. Raises OAuthError invalid_client, StateUnavailable."""
    client_id, secret, method = _given(request, form)
    if not client_id or not await clients.authenticated(client_id, secret, method):
        raise OAuthError(
            "invalid_client",
            "the client is not known here, or its secret is wrong; register again",
            status=401,
            WWW_Authenticate=CHALLENGE,
        )
    return client_id


def _given(request: Request, form: dict[str, str]) -> tuple[str, str, AuthMethod]:
    header = request.headers.get("authorization", "")
    if header.lower().startswith("basic "):
        try:
            text = base64.b64decode(header[6:], validate=True).decode()
        except (binascii.Error, ValueError):
            return "", "", "client_secret_basic"
        name, _, secret = text.partition(":")
        client_id = unquote_plus(name)
        if "client_secret" in form or form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "the client is named in two ways")
        return client_id, unquote_plus(secret), "client_secret_basic"
    if "client_secret" in form:
        return form.get("client_id", ""), form["client_secret"], "client_secret_post"
    return form.get("client_id", ""), "", "none"
