"""The clients that the gateway knows: those that registered, and those with a document of their own."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from jmcp.hub.grants.records import Records
from jmcp.hub.grants.secret_tokens import digest, new_token
from jmcp.hub.oauth.client import AuthMethod, Client, decode_client, is_document
from jmcp.hub.oauth.client_documents import ClientDocuments

UNUSED_SECONDS = 24 * 3_600.0
"""A registration with which nobody has logged in is kept so long."""

USED_SECONDS = 365 * 24 * 3_600.0
"""After its last login. Clients keep their id, and few register again by themselves."""

MAX_CLIENTS = 20_000
MAX_ID_CHARACTERS = 512


class TooManyClients(Exception):
    """There are MAX_CLIENTS registrations."""


class Clients:
    """Clients in `records`, and those of `documents`."""

    def __init__(
        self,
        records: Records,
        documents: ClientDocuments,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._documents = documents
        self._clock = clock

    async def find(self, client_id: str) -> Client | None:
        """The client; None for one that is not known. Raises DocumentRefused for one whose document
        cannot be used."""
        if not client_id or len(client_id) > MAX_ID_CHARACTERS:
            return None
        if is_document(client_id):
            return await self._documents.client(client_id)
        return await self._registered(client_id)

    async def register(
        self, *, name: str, redirect_uris: tuple[str, ...], auth_method: AuthMethod
    ) -> tuple[Client, str]:
        """A new client and its secret, empty for a public one. Raises TooManyClients."""
        secret = new_token() if auth_method != "none" else ""
        client = Client(
            id=secrets.token_urlsafe(16),
            name=name,
            redirect_uris=redirect_uris,
            auth_method=auth_method,
            secret_digest=digest(secret) if secret else "",
        )
        record = client.record(self._clock() + UNUSED_SECONDS)
        if not await self._records.add(record, limit=MAX_CLIENTS):
            raise TooManyClients
        return client, secret

    async def authenticated(self, client_id: str, secret: str, method: AuthMethod) -> bool:
        """Whether a request of that client comes from it, as far as that can be known.

        Of a client with a document nobody can know: it is public. So its document is not read again.
        """
        if is_document(client_id):
            return method == "none"
        client = await self._registered(client_id)
        if client is None:
            return False
        if not client.secret_digest:
            return method == "none"
        # Either way of sending the secret is taken: libraries send the other than they registered.
        return method != "none" and hmac.compare_digest(digest(secret), client.secret_digest)

    async def used(self, client_id: str) -> None:
        """Somebody has logged in with it: keep it for longer."""
        record = None if is_document(client_id) else await self._records.get("client", client_id)
        if record is None:
            return
        await self._records.change(record, replace(record, expires=self._clock() + USED_SECONDS))

    async def _registered(self, client_id: str) -> Client | None:
        record = await self._records.get("client", client_id)
        return decode_client(record) if record is not None else None
