"""Named tokens: credentials with scopes and an expiry, for clients that may do less.

Each is a file in the `tokens` folder of the user's jmcp folder, so that making and removing one
are atomic operations of the file system and need no lock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jmcp.core.calls.principal import LEVELS, Principal, Scope, implied

log = logging.getLogger("jmcp")

PREFIX = "jmcp_"
"""Every token begins with it, for secret scanners and for people who find one."""

RANDOM_BYTES = 24
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""Lower case only: each is a file name, and not every file system distinguishes cases."""

MAX_TOKENS = 256
SETTLED_SECONDS = 3.0
"""So many seconds after a change the folder is still read at each use: two changes within one tick
of a file system's clock (two seconds on FAT) have the same time."""


class TokenError(Exception):
    """Why a token cannot be made or removed, in one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as stored. Times are seconds since the epoch; `expires` None means never."""

    name: str
    scopes: tuple[Scope, ...]
    created: float
    expires: float | None
    digest: bytes = field(repr=False)

    def expired(self, now: float) -> bool:
        return self.expires is not None and self.expires <= now


def digest(token: str) -> bytes:
    """The SHA-256 that is stored instead of the token.

    A fast hash is right: 192 random bits cannot be guessed, and a slow hash, as for passwords,
    would cost each request a tenth of a second.
    """
    return hashlib.sha256(token.encode()).digest()


class NamedTokens:
    """The named tokens of a user's jmcp folder, read again when they change."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder / "tokens"
        self._clock = clock
        self._known: list[Token] = []
        self._changed: int | None = None
        self._read_at = 0.0

    def create(self, name: str, scopes: tuple[Scope, ...], expires: float | None) -> str:
        """Make a token and return it; only its hash is stored. Raises TokenError, OSError."""
        if not NAME.fullmatch(name):
            raise TokenError(
                f"{name!r} is not a name for a token: lower-case letters, digits, '.', '_' and '-', "
                "at most 64, a letter or a digit first"
            )
        if len(self.all()) >= MAX_TOKENS:
            raise TokenError(f"there are {MAX_TOKENS} tokens, which is the limit; remove some")
        token = f"{PREFIX}{secrets.token_hex(RANDOM_BYTES)}"
        kept = {
            "sha256": digest(token).hex(),
            "scopes": [scope for scope in LEVELS if scope in scopes],
            "created": _iso(self._clock()),
            "expires": None if expires is None else _iso(expires),
        }
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written and private (mkstemp makes it 0600) before it gets its name.
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(kept, file)
            os.link(temporary, self._path(name))
        except FileExistsError:
            raise TokenError(
                f"there is a token {name} already; jmcp token remove {name} removes it"
            ) from None
        finally:
            Path(temporary).unlink(missing_ok=True)
        return token

    def remove(self, name: str) -> None:
        """Remove a token, which is invalid at once. Raises TokenError, OSError."""
        names = [token.name for token in self.all()]
        if name not in names:
            raise TokenError(f"there is no token {name}; there are: {', '.join(names) or 'none'}")
        self._path(name).unlink(missing_ok=True)

    def all(self) -> list[Token]:
        """All tokens, expired ones too, ordered by name. Raises OSError."""
        files = sorted(self._folder.glob("*.json"))
        return [token for file in files if (token := _read(file)) is not None]

    def principal(self, token: str) -> Principal | None:
        """The owner of a token; None if it is unknown, removed or expired. Never raises."""
        return self.with_digest(digest(token)) if token.startswith(PREFIX) else None

    def with_digest(self, given: bytes) -> Principal | None:
        """The owner of the token with that digest, as `principal`. Never raises."""
        self._refresh()
        now, found = self._clock(), None
        for known in self._known:  # all of them, so that the time taken reveals nothing
            if hmac.compare_digest(known.digest, given) and not known.expired(now):
                found = known
        if found is None:
            return None
        name, scopes = f"token:{found.name}", implied(found.scopes)
        return Principal(name=name, scopes=scopes, token_digest=found.digest)

    def _refresh(self) -> None:
        """Read the folder again if it changed since it was read."""
        try:
            changed = self._folder.stat().st_mtime_ns
            if changed == self._changed and self._read_at - changed / 1e9 > SETTLED_SECONDS:
                return
            # The time before the content, so that a change meanwhile is read by the next call.
            self._changed, self._read_at = changed, time.time()
            self._known = self.all()
        except FileNotFoundError:
            self._known, self._changed = [], None
        except OSError as error:
            log.warning("The tokens in %s cannot be read: %s", self._folder, error.strerror)
            self._known, self._changed = [], None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _read(file: Path) -> Token | None:
    """The token in that file; None if it was removed meanwhile, or is not valid."""
    try:
        kept: dict[str, Any] = json.loads(file.read_text())
        return Token(
            name=file.stem,
            digest=bytes.fromhex(kept["sha256"]),
            scopes=tuple(scope for scope in LEVELS if scope in kept["scopes"]),
            created=datetime.fromisoformat(kept["created"]).timestamp(),
            expires=kept["expires"] and datetime.fromisoformat(kept["expires"]).timestamp(),
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        log.warning("%s is not a valid token and is ignored", file)
        return None


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
