"""The keys with which a provider signs its tokens, as they change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from jmcp.transport.oauth.provider import METADATA_SECONDS, RETRY_SECONDS, Metadata, Provider
from jmcp.transport.oauth.refusal import Away

FRESH_SECONDS = 600.0
"""Older keys are fetched again while they are used: a key that its provider withdrew ends so."""

STALE_SECONDS = 3600.0
"""Keys this old are used no more, so long as the provider does not answer."""

UNKNOWN_KEY_SECONDS = 10.0
"""A key that is not known is looked for at most once in so long, whoever invents names of keys."""

MAX_KEYS = 100
MAX_NAMELESS = 8
"""Keys that are tried for a token that names none."""

MIN_RSA_BITS = 2048
RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
EDWARDS = frozenset({"EdDSA"})
ALGORITHMS = RSA | EDWARDS | frozenset(CURVES.values())
"""Those with a public key. With a shared secret (HS256) whoever can check tokens can make them."""

log = logging.getLogger("jmcp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A public key, and the algorithms that it may be used with."""

    name: str | None
    algorithms: frozenset[str]
    key: Any


class SigningKeys:
    """The keys of one provider, fetched when they are first needed and again as they age.

    Times are those of `clock`, in seconds. Many calls at once make one request.
    """

    def __init__(self, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = provider
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._fetched: float | None = None
        self._metadata: Metadata | None = None
        self._described: float = 0.0
        self._failure: Away | None = None
        self._failed = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def metadata(self) -> Metadata:
        """What the provider says of itself. Raises Away, Unusable."""
        if self._metadata is None:
            await self._refreshed()
        assert self._metadata is not None
        return self._metadata

    async def matching(self, name: str | None, algorithm: str) -> list[SigningKey]:
        """The keys that a token of that header may be signed with; none: its key is not the
        provider's. Raises Away, also where that cannot be told yet."""
        age = None if self._fetched is None else self._clock() - self._fetched
        if age is None or age > STALE_SECONDS:
            await self._refreshed()
            return self._found(name, algorithm)
        if age > FRESH_SECONDS:
            self._refresh()
        if found := self._found(name, algorithm):
            return found
        if self._fetching is None and age < UNKNOWN_KEY_SECONDS:
            raise Away(
                f"This token names a key that {self._provider.issuer} did not have a moment ago.",
                UNKNOWN_KEY_SECONDS - age,
            )
        await self._refreshed()
        return self._found(name, algorithm)

    def _found(self, name: str | None, algorithm: str) -> list[SigningKey]:
        fitting = [one for one in self._keys if algorithm in one.algorithms]
        if name is None:
            return fitting[:MAX_NAMELESS]
        return [one for one in fitting if one.name == name]

    async def _refreshed(self) -> None:
        """Wait until the keys were fetched. Raises Away, Unusable."""
        # The task goes on where one of those who wait for it leaves.
        await asyncio.shield(self._refresh())

    def _refresh(self) -> asyncio.Future[None]:
        """Fetch them, in a task that all who need them share."""
        if self._fetching is None:
            if self._failure is not None and self._clock() - self._failed < RETRY_SECONDS:
                failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                failed.set_exception(self._failure.again())
                failed.exception()  # also where nobody waits
                return failed
            self._fetching = asyncio.create_task(self._fetch(), name="jmcp-oauth-keys")
            self._fetching.add_done_callback(self._done)
        return self._fetching

    def _done(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, Away):
            # At the start whoever starts says it.
            if self._failure is None and self._fetched is not None:
                log.warning("%s", error.detail)
            self._failure = error
        else:
            log.error("The keys of the OpenID provider cannot be read", exc_info=error)
            self._failure = self._provider.unusable("its keys cannot be read")
        self._failed = self._clock()

    async def _fetch(self) -> None:
        now = self._clock()
        # After a failure too: they may have moved.
        if (
            self._metadata is None
            or self._failure is not None
            or now - self._described > METADATA_SECONDS
        ):
            self._metadata, self._described = await self._provider.metadata(), now
        if (uri := self._metadata.jwks_uri) is not None:
            status, found = await self._provider.answer("GET", uri)
            if status != 200 or not isinstance(found.get("keys"), list):
                raise self._provider.unusable(f"{uri} has no keys")
            # Those that are known are kept where nothing takes their place: a provider that withdraws a
            # key has another one.
            if not (keys := tuple(_usable(found["keys"]))):
                raise self._provider.unusable(f"{uri} has no key that tokens can be signed with")
            self._keys = keys
        self._fetched, self._failure = self._clock(), None


def _usable(listed: Iterable[Any]) -> Iterable[SigningKey]:
    """The keys of a JWK Set that tokens may be signed with."""
    for data in [*listed][:MAX_KEYS]:
        if not isinstance(data, dict):
            continue
        algorithms = _algorithms(data)
        if not algorithms:
            continue
        try:
            key = jwt.PyJWK(data, algorithm=min(algorithms)).key
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
            continue
        name = data.get("kid")
        yield SigningKey(
            name=name if isinstance(name, str) else None, algorithms=algorithms, key=key
        )


def _algorithms(data: Mapping[str, Any]) -> frozenset[str]:
    """What tokens that this key signs may say as their algorithm; nothing for other keys."""
    operations = data.get("key_ops")
    if data.get("use", "sig") != "sig" or (
        isinstance(operations, list) and "verify" not in operations
    ):
        return frozenset()
    kind, curve = data.get("kty"), data.get("crv")
    fitting: frozenset[str] = frozenset()
    if kind == "RSA":
        fitting = RSA
    elif kind == "EC" and isinstance(curve, str) and curve in CURVES:
        fitting = frozenset({CURVES[curve]})
    elif kind == "OKP" and curve == "Ed25519":
        fitting = EDWARDS
    stated = data.get("alg")
    # RFC 9864 has a name of its own for the one curve.
    stated = "EdDSA" if stated == "Ed25519" else stated
    return (
        fitting
        if stated is None
        else fitting & {stated}
        if isinstance(stated, str)
        else frozenset()
    )
