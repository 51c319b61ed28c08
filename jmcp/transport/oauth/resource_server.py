"""Whom a token of the provider stands for: checked once, and remembered for a while."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import httpx2

from jmcp.core.calls.principal import Principal, implied
from jmcp.transport.oauth.claims import check_permission, person, readable
from jmcp.transport.oauth.introspection import ends_of, introspected_claims
from jmcp.transport.oauth.provider import Provider, Unusable
from jmcp.transport.oauth.refusal import Away, Refusal, invalid
from jmcp.transport.oauth.settings import OAuthSettings
from jmcp.transport.oauth.signed_tokens import LEEWAY_SECONDS, is_signed, signed_claims
from jmcp.transport.oauth.signing_keys import SigningKeys

MAX_CHARACTERS = 16_384
"""Of one token: with many groups in it, one has some thousands."""

MAX_REMEMBERED = 4_096
"""Tokens, and refused ones, and people; one more forgets the one that was unused for longest."""

SIGNED_SECONDS = 300.0
"""So long a JWT is good without another look: then its key may have been withdrawn."""

OPAQUE_SECONDS = 30.0
"""So long a token may be used after its provider revoked it."""

REFUSED_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 30.0
"""What goes on for long may take so long to find out whether its token is still good."""

QUESTIONS_PER_SECOND = 20.0
MAX_QUESTIONS_AT_ONCE = 100.0
"""To the provider, about opaque tokens that were never good: anybody can send those."""

PAGE_SECONDS = 3600.0
"""A page that somebody came in to with a ticket ends so long after that one's last token was seen."""

TOO_LONG = f"This token is longer than any that is taken: {MAX_CHARACTERS:,} characters."
NO_CLIENT = (
    "This token is not a JWT, so it can be checked only by asking {issuer}, and this server has no client "
    "there (--oauth-client-id)."
)
NO_ENDPOINT = "it has no introspection_endpoint, with which to ask about opaque tokens"
NO_KEYS = (
    "it has no jwks_uri, so its tokens can be checked only by asking it: give --oauth-client-id"
)
NO_BROWSERS = (
    "Browsers cannot log in here: this server has no client at its OpenID provider (--oauth-client-id). "
    "jmcp open lets one in that is on the same machine."
)
NO_TOKEN_FOR_CODE = (
    "{issuer} gives no token for this login (status {status}): it was used already, or the secret of "
    "--oauth-client-id is wrong. Begin it again."
)
TOO_MANY = "There are more unknown tokens than this server asks {issuer} about."
NAME_DIGITS = 12
MAY = implied(("execute",))
"""What whoever logs in may do: all in their own sessions, and not `admin`, which is for what is of all."""

log = logging.getLogger("jmcp")


@dataclass(slots=True, kw_only=True)
class Admission:
    """A token that was good. `ends` is in seconds since the epoch, `checked_until` of the clock."""

    principal: Principal
    ends: float
    checked_until: float


class ResourceServer:
    """Takes the access tokens of one provider. All of what it remembers is bounded, and in memory.

    `clock` is for how old things are, in seconds; `transport` is how the provider is reached.
    """

    def __init__(
        self,
        settings: OAuthSettings,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._provider = Provider(settings.issuer, transport=transport)
        self._keys = SigningKeys(self._provider, clock)
        self._admissions: OrderedDict[bytes, Admission] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[Refusal, float]] = OrderedDict()
        self._people: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        self._checks: dict[bytes, asyncio.Task[Principal]] = {}
        self._questions = MAX_QUESTIONS_AT_ONCE
        self._asked = clock()
        self._said = ""
        origin = f"{settings.issuer}\0{settings.user_claim}".encode()
        self._prefix = f"oauth:{hashlib.sha256(origin).hexdigest()[:NAME_DIGITS]}"

    async def check(self) -> None:
        """Asks the provider what it is, at the start. Raises Unusable; one that does not answer is
        logged, because it may start later."""
        try:
            metadata = await self._keys.metadata()
        except Unusable:
            raise
        except Away as away:
            log.warning("%s", away.detail)
            return
        if metadata.introspection_endpoint is None and self.settings.client_id:
            raise self._provider.unusable(NO_ENDPOINT)
        if metadata.jwks_uri is None and not self.settings.client_id:
            raise self._provider.unusable(NO_KEYS)

    async def close(self) -> None:
        tasks = [*self._checks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._keys.close()
        await self._provider.close()

    async def principal(self, token: str) -> Principal:
        """Whom that token stands for. Raises Refusal."""
        digest = _digest(token)
        admission = self._admissions.get(digest)
        if admission is not None and self._is_good(admission):
            self._admissions.move_to_end(digest)
            self._seen(admission.principal)
            return admission.principal
        # The check goes on where one of those who wait for it leaves.
        return await asyncio.shield(self._checking(digest, token))

    async def authorization_url(self, parameters: Mapping[str, str]) -> str:
        """Where a browser logs in for this server's own client. Raises Refusal."""
        metadata = await self._keys.metadata()
        if metadata.authorization_endpoint is None or not self.settings.client_id:
            raise Refusal(404, NO_BROWSERS)
        given = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            **parameters,
        }
        mark = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{mark}{urlencode(given)}"

    async def redeemed(self, parameters: Mapping[str, str]) -> str:
        """The access token for the code that a browser came back with. Raises Refusal."""
        metadata = await self._keys.metadata()
        if metadata.token_endpoint is None or not self.settings.client_id:
            raise Refusal(404, NO_BROWSERS)
        status, said = await self._provider.answer_to_client(
            metadata.token_endpoint,
            {"grant_type": "authorization_code", **parameters},
            client=(self.settings.client_id, self.settings.client_secret),
            by_post=metadata.token_by_post,
        )
        token = said.get("access_token")
        if status != HTTPStatus.OK or not isinstance(token, str) or not token:
            raise Refusal(403, NO_TOKEN_FOR_CODE.format(issuer=self.settings.issuer, status=status))
        return token

    def admits(self, token: str, principal: Principal) -> bool:
        """Whether that token, which was good, still stands for that principal; for what goes on for
        long. It does not wait: the next time it knows what it begins to find out now."""
        digest = _digest(token)
        admission = self._admissions.get(digest)
        if admission is None or admission.principal != principal or self._has_ended(admission):
            return False
        if self._is_good(admission):
            return True
        self._checking(digest, token)
        return self._clock() < admission.checked_until + LOOK_AGAIN_SECONDS

    def with_digest(self, digest: bytes) -> Principal | None:
        """The principal of that `token_digest`, while its owner's tokens were seen lately."""
        principal, seen = self._people.get(digest, (None, 0.0))
        return principal if self._clock() - seen < PAGE_SECONDS else None

    def _is_good(self, admission: Admission) -> bool:
        return self._clock() < admission.checked_until and not self._has_ended(admission)

    def _has_ended(self, admission: Admission) -> bool:
        return time.time() >= admission.ends + LEEWAY_SECONDS

    def _checking(self, digest: bytes, token: str) -> asyncio.Task[Principal]:
        """The check of a token, which all who send it at once share."""
        if digest not in self._checks:
            task = asyncio.create_task(self._checked(digest, token), name="jmcp-oauth-token")
            self._checks[digest] = task
            task.add_done_callback(lambda done: self._done(digest, done))
        return self._checks[digest]

    def _done(self, digest: bytes, task: asyncio.Task[Principal]) -> None:
        del self._checks[digest]
        if not task.cancelled() and (error := task.exception()) is not None:
            if not isinstance(error, Refusal):
                log.error("A token could not be checked", exc_info=error)
            if isinstance(error, Unusable) and error.detail != self._said:
                # Once, whoever sends how many tokens: somebody has to change something.
                self._said = error.detail
                log.error("%s", error.detail)
            if not isinstance(error, Away):
                self._admissions.pop(digest, None)

    async def _checked(self, digest: bytes, token: str) -> Principal:
        if len(token) > MAX_CHARACTERS:
            raise invalid(TOO_LONG)
        signed = is_signed(token)
        if signed:
            claims = await signed_claims(token, self.settings, self._keys)
        elif not self.settings.client_id:
            raise invalid(NO_CLIENT.format(issuer=self.settings.issuer))
        else:
            self._may_ask(digest)
            try:
                claims = await introspected_claims(token, self.settings, self._provider, self._keys)
            except Refusal as refusal:
                if not isinstance(refusal, Away):
                    _put(self._refused, digest, (refusal, self._clock() + REFUSED_SECONDS))
                raise
        check_permission(claims, self.settings)
        name = f"{self._prefix}:{person(claims, self.settings)}"
        principal = Principal(
            name=name, scopes=MAY, token_digest=_digest(name), user=readable(claims)
        )
        seconds = SIGNED_SECONDS if signed else OPAQUE_SECONDS
        admission = Admission(
            principal=principal, ends=ends_of(claims), checked_until=self._clock() + seconds
        )
        _put(self._admissions, digest, admission)
        self._seen(principal)
        return principal

    def _may_ask(self, digest: bytes) -> None:
        """Raises Refusal for an opaque token about which the provider is not asked now."""
        refusal, until = self._refused.get(digest, (None, 0.0))
        now = self._clock()
        if refusal is not None and now < until:
            raise refusal.again()
        if digest in self._admissions:
            return
        self._questions = min(
            MAX_QUESTIONS_AT_ONCE,
            self._questions + (now - self._asked) * QUESTIONS_PER_SECOND,
        )
        self._asked = now
        if self._questions < 1:
            raise Away(TOO_MANY.format(issuer=self.settings.issuer), 1.0)
        self._questions -= 1

    def _seen(self, principal: Principal) -> None:
        _put(self._people, principal.token_digest, (principal, self._clock()))


def _put(kept: OrderedDict[bytes, Any], digest: bytes, value: Any) -> None:
    kept[digest] = value
    kept.move_to_end(digest)
    if len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
