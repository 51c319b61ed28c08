"""The grants of users and the tokens that come from them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from jmcp.hub.grants.grant import Grant, decode_grant
from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.grants.secret_tokens import ACCESS, PERSONAL, digest, new_token
from jmcp.hub.login.login_log import note

USE_NOTED_SECONDS = 60.0
"""A use is written down at most so often: a write for each call would be one per cell."""

MAX_PERSONAL_TOKENS = 50
MAX_GRANTS = 50
"""Of one user. With one more client the one that was not used for longest is logged out."""

DAY_SECONDS = 86_400.0
NAME_CHARACTERS = 100


class GrantRefused(Exception):
    """Why a personal token cannot be made, in one line for its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a valid token stands for."""

    grant: Grant
    hub_token: str = field(repr=False)


class Grants:
    """Grants in `records`; the Hub's tokens are encrypted by `sealer`."""

    def __init__(
        self, records: Records, sealer: Sealer, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._records = records
        self._sealer = sealer
        self._clock = clock

    # -- calls ---------------------------------------------------------------------------------

    async def hub_token(self, bearer: str, resource: str = "") -> str | None:
        """The Hub's token that a call with this token is made with; None for one that is unknown,
        expired or revoked, or that is for another `resource`. Raises StateUnavailable."""
        access = await self.access(bearer, resource)
        return access.hub_token if access is not None else None

    async def access(self, bearer: str, resource: str = "") -> Access | None:
        """What a token stands for, which notes that it was used; None as for `hub_token`."""
        if not bearer.startswith((ACCESS, PERSONAL)):
            return None
        record = await self._records.get("access", digest(bearer))
        if record is None:
            return None
        stored = await self._records.get("grant", json.loads(record.data)["grant"])
        if stored is None:
            return None
        grant = decode_grant(stored)
        hub_token = self._sealer.open(grant.sealed_hub_token)
        if hub_token is None or (resource and not covers(grant.resource, resource)):
            return None
        now = self._clock()
        if now - grant.last_used >= USE_NOTED_SECONDS:
            # Where somebody changes it at the same moment, that one's change counts.
            used = replace(grant, last_used=now).record(expires=stored.expires)
            await self._records.change(stored, used)
        return Access(grant=grant, hub_token=hub_token)

    # -- what users see ------------------------------------------------------------------------

    async def of_user(self, user: str) -> list[Grant]:
        """A user's connected clients and personal tokens, the newest first."""
        found = [decode_grant(record) for record in await self._records.of_user("grant", user)]
        return sorted(
            (grant for grant in found if grant.generation),
            key=lambda grant: grant.created,
            reverse=True,
        )

    async def revoke(self, user: str, grant_id: str) -> bool:
        """End a grant of that user and all its tokens at once; whether there was one."""
        record = await self._records.get("grant", grant_id)
        if record is None or record.user != user:
            return False
        return await self._revoke(user, grant_id)

    async def revoke_all(self, user: str) -> int:
        """End all grants of that user; how many there were."""
        ended = 0
        for record in await self._records.of_user("grant", user):
            ended += await self._revoke(user, record.key)
        return ended

    async def _revoke(self, user: str, grant_id: str) -> bool:
        revoked = await self._records.remove("grant", grant_id)
        if revoked:
            note("revoked", user=user, grant=grant_id)
        return revoked

    async def create_personal(
        self, user: str, *, name: str, days: float, hub_token: str, hub_token_expires: float
    ) -> tuple[Grant, str]:
        """A personal token, which is shown once, and its grant. It ends with the Hub's token at the
        latest. Raises GrantRefused."""
        name = " ".join(name.split())
        if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
            raise GrantRefused(f"a name has 1 to {NAME_CHARACTERS} printable characters")
        if not 0 < days <= 3_650:  # also false for NaN
            raise GrantRefused("days is more than 0 and at most 3650")
        now = self._clock()
        mine = [one for one in await self.of_user(user) if one.kind == "personal"]
        if len(mine) >= MAX_PERSONAL_TOKENS:
            raise GrantRefused(
                f"you have {MAX_PERSONAL_TOKENS} personal tokens, which is the limit; revoke one"
            )
        grant = Grant(
            id=new_grant_id(),
            user=user,
            kind="personal",
            name=name,
            created=now,
            expires=min(now + days * DAY_SECONDS, hub_token_expires),
            sealed_hub_token=self._sealer.seal(hub_token),
            generation=1,
            rotated=now,
        )
        if grant.expires <= now:
            raise GrantRefused("your login has expired; log in again")
        token = new_token(PERSONAL)
        await self._records.add(grant.record())
        await self._records.add(access_record(token, grant, expires=grant.expires))
        note("personal_token", user=user, grant=grant.id, name=name)
        return grant, token


def new_grant_id() -> str:
    """An id that no user can guess of another."""
    return secrets.token_urlsafe(16)


def access_record(token: str, grant: Grant, *, expires: float) -> Record:
    """What is stored of a token with which calls are made."""
    return Record(
        kind="access",
        key=digest(token),
        user=grant.user,
        expires=min(expires, grant.expires),
        data=json.dumps({"grant": grant.id}),
    )


def covers(resource: str, url: str) -> bool:
    """Whether a token for `resource` is for `url`: the same one, or one below it. A personal token
    is for all that the gateway has."""
    return not resource or url == resource or url.startswith(f"{resource.rstrip('/')}/")
