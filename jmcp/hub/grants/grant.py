"""What a user has allowed: a client that logged in, or a personal token."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

from jmcp.hub.grants.records import Record

GrantKind = Literal["client", "personal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant. Times are seconds since the epoch; `last_used` is right to a minute, and 0 for never.

    `name` is a client's own name for itself, or that of a personal token. `resource` is the URL that
    its tokens are for. `generation` counts its refresh tokens: 0 until the client has redeemed the
    authorization code, and until then the grant is not listed.
    """

    id: str
    user: str
    kind: GrantKind
    name: str
    client_id: str = ""
    redirect_host: str = ""
    scopes: tuple[str, ...] = ()
    resource: str = ""
    created: float
    last_used: float = 0.0
    expires: float
    """The end of everything that comes from it, which is that of the Hub's token."""

    sealed_hub_token: str = field(repr=False)
    generation: int = 0
    rotated: float = 0.0
    """When the newest generation of refresh tokens began."""

    repeats: int = 0
    """How often the refresh token before that was redeemed once more, its answer having been lost."""

    def record(self, *, expires: float | None = None) -> Record:
        """The grant as it is stored, until `expires` where that is sooner than its own end."""
        values = asdict(self)
        return Record(
            kind="grant",
            key=self.id,
            user=self.user,
            expires=self.expires if expires is None else min(expires, self.expires),
            data=json.dumps(values, separators=(",", ":")),
        )


def decode_grant(record: Record) -> Grant:
    """The grant of a record."""
    values = json.loads(record.data)
    return Grant(**(values | {"scopes": tuple(values["scopes"])}))
