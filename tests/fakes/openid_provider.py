"""An OpenID provider that answers in this process, makes any token, and fails as a test says."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "https://login.example.org/realms/x"
RESOURCE = "https://jmcp.example.org/mcp"


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@dataclass(kw_only=True)
class Key:
    """A key pair, with what its public half says of itself beside the key."""

    name: str | None = "one"
    algorithm: str = "ES256"
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    said: dict[str, Any] = field(default_factory=lambda: {"use": "sig"})

    @property
    def public(self) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        data = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        data.pop("key_ops", None)
        return {**data, **({"kid": self.name} if self.name else {}), **self.said}


def edwards(name: str = "one") -> Key:
    return Key(name=name, algorithm="EdDSA", private=ed25519.Ed25519PrivateKey.generate())


@dataclass(kw_only=True)
class FakeProvider:
    """`asked` are the paths of requests. `answers` are what it answers at a path instead; an Exception
    is raised. `opaque` are opaque tokens with what it says of them."""

    keys: list[Key] = field(default_factory=lambda: [Key()])
    issuer: str = ISSUER
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, httpx2.Response | Exception] = field(default_factory=dict)
    opaque: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    credentials: list[tuple[str | None, dict[str, list[str]]]] = field(default_factory=list)
    down: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def count(self, path: str) -> int:
        return sum(one.endswith(path) for one in self.asked)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        self.came.set()
        if self.held is not None:
            await self.held.wait()
        if self.down:
            raise httpx2.ConnectError("refused")
        given = next((one for end, one in self.answers.items() if path.endswith(end)), None)
        if isinstance(given, Exception):
            raise given
        if given is not None:
            return httpx2.Response(given.status_code, headers=given.headers, content=given.content)
        if path.endswith("openid-configuration"):
            return httpx2.Response(200, json=self._metadata)
        if path.endswith("/keys"):
            return httpx2.Response(200, json={"keys": [key.public for key in self.keys]})
        if path.endswith("/introspect"):
            form = parse_qs(request.content.decode())
            self.credentials.append((request.headers.get("authorization"), form))
            said = self.opaque.get(form["token"][0], {"active": False})
            return httpx2.Response(200, json=said)
        return httpx2.Response(404)

    @property
    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{ISSUER}/keys",
            "introspection_endpoint": f"{ISSUER}/introspect",
            **self.metadata,
        }

    def claims(self, **changed: Any) -> dict[str, Any]:
        """What a good access token of ada says, with changes; None leaves a claim out."""
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": RESOURCE,
            "sub": "ada-1",
            "exp": now + 3600,
            "iat": now,
            "scope": "openid jmcp",
            "email": "ada@example.org",
            "email_verified": True,
            "preferred_username": "ada",
        } | changed
        return {name: value for name, value in said.items() if value is not None}

    def token(
        self, key: Key | None = None, header: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        key = key or self.keys[0]
        given = {"typ": "at+jwt", **({"kid": key.name} if key.name else {}), **(header or {})}
        algorithm = given.pop("alg", key.algorithm)
        return jwt.encode(self.claims(**changed), key.private, algorithm=algorithm, headers=given)

    def active(self, **changed: Any) -> dict[str, Any]:
        """What it says of a good opaque token of ada, with changes."""
        return {"active": True, "token_type": "Bearer", **self.claims(**changed)}


def raw(header: Any, claims: Any, signature: bytes = b"x") -> str:
    """A token of any header and claims."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(jwt.utils.base64url_encode(part).decode() for part in parts)
