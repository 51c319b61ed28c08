"""What a store of the gateway keeps: records with a kind, a key and an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["client", "session", "consent", "code", "grant", "access", "refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `data` is JSON; no token stands in it, only hashes and what is encrypted.

    `expires` is in seconds since the epoch; from then on the record is not there any more. `user` is
    whom it belongs to, or empty.
    """

    kind: Kind
    key: str
    data: str = field(repr=False)
    expires: float
    user: str = ""


class Records(Protocol):
    """Records that outlive the process. Every method is one step for all processes that share them.

    Every method raises StateUnavailable where the store does not answer.
    """

    async def get(self, kind: Kind, key: str) -> Record | None: ...

    async def add(self, record: Record, *, limit: int | None = None) -> bool:
        """Whether it was added: not where its key is taken, nor where `limit` records of its kind are
        there. Replicas that add at once may pass the limit by their number."""

    async def change(self, before: Record, after: Record) -> bool:
        """Replace a record whose data is still that of `before`; whether it was."""

    async def remove(self, kind: Kind, key: str) -> bool:
        """Whether it was there: of several that remove it at once, one is told so."""

    async def count(self, kind: Kind) -> int: ...

    async def of_user(self, kind: Kind, user: str) -> Sequence[Record]: ...

    async def sweep(self) -> int:
        """Delete what has expired; how many there were."""

    async def close(self) -> None: ...
