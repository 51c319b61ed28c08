"""A JWT opens the server if it is the provider's access token for this server, and no other does."""

from __future__ import annotations

import hmac
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from jmcp.transport.oauth.allowed import rule
from jmcp.transport.oauth.refusal import Refusal
from jmcp.transport.oauth.resource_server import MAX_CHARACTERS, ResourceServer
from jmcp.transport.oauth.settings import OAuthSettings
from tests.clock import Clock
from tests.fakes.openid_provider import (
    ISSUER,
    RESOURCE,
    FakeProvider,
    Key,
    edwards,
    raw,
    rsa_key,
)

HOUR = 3600


async def refusal(server: ResourceServer, token: str) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await server.principal(token)
    return refused.value


@pytest.mark.parametrize(
    "key",
    [
        Key(),
        Key(name=None),
        Key(algorithm="ES384", private=ec.generate_private_key(ec.SECP384R1())),
        Key(algorithm="RS256", private=rsa_key()),
        Key(algorithm="PS512", private=rsa_key()),
        Key(algorithm="RS256", private=rsa_key(), said={"alg": "RS256", "key_ops": ["verify"]}),
        edwards(),
        replace(edwards(), said={"alg": "Ed25519"}),
    ],
    ids=lambda key: f"{key.algorithm} {key.name} {sorted(key.said)}",
)
async def test_a_good_token_opens_the_server(
    server: ResourceServer, provider: FakeProvider, key: Key
) -> None:
    provider.keys = [Key(name="another"), key]
    principal = await server.principal(provider.token(key))
    assert principal.name.startswith("oauth:")
    assert principal.name.endswith(":ada-1")
    assert principal.user == "ada"


LONG_AGO, MUCH_LATER = 1_000_000_000, 9_999_999_999
"""In 2001 and in 2286. The names of tests have to be the same in each process that collects them."""
WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"aud": "https://other.example.org/mcp"}, "resource="),
    ({"aud": f"{RESOURCE}/"}, "resource="),
    ({"aud": None}, "resource="),
    ({"aud": [[RESOURCE]]}, "resource="),
    ({"aud": {RESOURCE: True}}, "resource="),
    ({"iss": f"{ISSUER}/"}, "not one of"),
    ({"iss": "https://evil.example.org"}, "not one of"),
    ({"iss": None}, "not one of"),
    ({"exp": LONG_AGO}, "expired"),
    ({"exp": None}, "can be read"),
    ({"exp": "soon"}, "can be read"),
    ({"exp": 1e400}, "can be read"),
    ({"nbf": MUCH_LATER}, "good only later"),
    ({"iat": MUCH_LATER}, "good only later"),
    ({"cnf": {"jkt": "x"}}, "bound to a key"),
]


@pytest.mark.parametrize(("changed", "said"), WRONG_CLAIMS, ids=repr)
async def test_a_token_that_says_something_else_does_not(
    server: ResourceServer, provider: FakeProvider, changed: dict[str, Any], said: str
) -> None:
    refused = await refusal(server, provider.token(**changed))
    assert (refused.status, refused.error) == (401, "invalid_token")
    assert said in refused.detail


async def test_clocks_may_differ_by_half_a_minute(
    server: ResourceServer, provider: FakeProvider
) -> None:
    for changed in (
        {"exp": int(time.time()) - 10},
        {"nbf": int(time.time()) + 20},
        {"aud": ["x", RESOURCE]},
    ):
        assert await server.principal(provider.token(**changed))


NOT_ACCESS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"typ": "JWT"}, {"nonce": "n"}),
    ({"typ": "JWT"}, {"at_hash": "h"}),
    ({"typ": None}, {"scope": None}),
    ({"typ": "JWT"}, {"typ": "ID"}),
    ({"typ": "JWT"}, {"typ": "Refresh"}),
    ({"typ": "JWT"}, {"token_use": "id", "client_id": "c"}),
    ({"typ": "logout+jwt"}, {}),
    ({"typ": "dpop+jwt"}, {}),
    ({"typ": "secevent+jwt"}, {}),
    ({"typ": "JWT"}, {"events": {}}),
]


@pytest.mark.parametrize(("header", "changed"), NOT_ACCESS, ids=repr)
async def test_another_kind_of_token_does_not(
    server: ResourceServer,
    provider: FakeProvider,
    header: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    refused = await refusal(server, provider.token(header=header, **changed))
    assert "not an access token" in refused.detail


@pytest.mark.parametrize(
    ("header", "changed"),
    [
        ({"typ": "application/at+jwt"}, {"scope": None}),
        ({"typ": "AT+JWT"}, {"scope": None}),
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"typ": "JWT"}, {"scope": None, "scp": "jmcp"}),
        ({"typ": "JWT"}, {"scope": None, "typ": "Bearer"}),
        ({"typ": "JWT"}, {"scope": None, "token_use": "access"}),
    ],
    ids=repr,
)
async def test_access_tokens_of_older_providers_do(
    server: ResourceServer,
    provider: FakeProvider,
    header: dict[str, Any],
    changed: dict[str, Any],
) -> None:
    assert await server.principal(provider.token(header=header, **changed))


async def test_whoever_knows_the_public_key_alone_cannot_make_one(
    server: ResourceServer, provider: FakeProvider
) -> None:
    """With the public key taken as a shared secret, or with no signature at all."""
    key = provider.keys[0]
    pem = key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for algorithm in ("HS256", "none", "None", "nOnE", "RS256", "ES256K", "", None, 5, ["ES256"]):
        header = {"alg": algorithm, "kid": key.name, "typ": "at+jwt"}
        refused = await refusal(server, raw(header, provider.claims(), b""))
        assert refused.status == 401, algorithm
    header = {"alg": "HS256", "kid": key.name, "typ": "at+jwt"}
    head = raw(header, provider.claims()).rpartition(".")[0]
    forged = jwt.utils.base64url_encode(hmac.digest(pem, head.encode(), "sha256")).decode()
    assert (await refusal(server, f"{head}.{forged}")).status == 401


async def test_another_ones_signature_or_a_changed_claim_is_refused(
    server: ResourceServer, provider: FakeProvider
) -> None:
    stranger = Key()
    assert "signature" in (await refusal(server, provider.token(stranger))).detail
    header, claims, signature = provider.token().split(".")
    other = provider.token(sub="bob-2").split(".")[1]
    assert "signature" in (await refusal(server, f"{header}.{other}.{signature}")).detail
    cut = f"{header}.{claims}.{signature[:-8]}"
    assert (await refusal(server, cut)).status == 401


async def test_a_token_brings_no_key_of_its_own(
    server: ResourceServer, provider: FakeProvider
) -> None:
    stranger = Key(name="one")
    for header in (
        {"jwk": stranger.public},
        {"jku": "https://evil.example.org/keys"},
        {"x5u": "https://evil.example.org/x"},
    ):
        assert (await refusal(server, provider.token(stranger, header=header))).status == 401
    crit = provider.token(header={"crit": ["exp"], "exp": 1})
    assert (await refusal(server, crit)).status == 401
    assert all("evil" not in path for path in provider.asked)


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize(
    "key",
    [
        Key(said={"use": "enc"}),
        Key(said={"key_ops": ["sign"]}),
        Key(said={"alg": "ES512"}),
        Key(said={"kty": "oct", "k": "c2VjcmV0"}),
        Key(said={"crv": "P-192"}),
        Key(said={"x": "???"}),
        Key(algorithm="RS256", private=rsa_key(1024)),
    ],
    ids=lambda key: str(key.said),
)
async def test_a_key_that_is_not_for_this_is_none(
    server: ResourceServer, provider: FakeProvider, key: Key
) -> None:
    provider.keys = [Key(name="another"), key]
    assert "signed with a key" in (await refusal(server, provider.token(key))).detail


async def test_what_is_no_token_is_refused_without_asking_anybody(
    server: ResourceServer, provider: FakeProvider
) -> None:
    deep = jwt.utils.base64url_encode(b"[" * 9_000).decode()
    for text in (
        "ey.ey.ey",
        "eyJ.x.y",
        "ey\xff.a.b",
        f"ey{deep}.{deep}.x",
        raw([], {}),
        raw({"alg": "ES256"}, []),
        raw({"alg": "ES256"}, {"iss": [ISSUER], "aud": RESOURCE}),
        raw({"alg": "ES256", "kid": {}}, {"iss": ISSUER, "aud": RESOURCE}),
        "a" * (MAX_CHARACTERS + 1),
        provider.token(padding="x" * MAX_CHARACTERS),
    ):
        refused = await refusal(server, text)
        assert refused.status == 401, text[:40]
        assert text not in refused.detail
    assert provider.asked == []


async def test_scopes_are_needed_where_the_server_says_so(
    provider: FakeProvider, settings: OAuthSettings, clock: Clock
) -> None:
    needing = replace(settings, scopes=("jmcp", "run"))
    server = ResourceServer(needing, transport=provider.transport, clock=clock)
    refused = await refusal(server, provider.token())
    assert (refused.status, refused.error) == (403, "insufficient_scope")
    assert "run" in refused.detail
    for scopes in ({"scope": "run x jmcp"}, {"scope": None, "scp": ["jmcp", "run"]}):
        assert await server.principal(provider.token(**scopes))
    await server.close()


@pytest.mark.parametrize(
    ("text", "changed", "allowed"),
    [
        ("email=*@example.org", {}, True),
        ("email=*@EXAMPLE.org", {}, True),
        ("email=*@example.org", {"email_verified": None}, False),
        ("email=*@example.org", {"email_verified": "false"}, False),
        ("email=*@example.org", {"email": "ada@example.org.evil.net"}, False),
        ("email=*@example.org", {"email": "ada@evil.net\n@example.org"}, True),
        ("email=*@example.org", {"email": ["ada@example.org"]}, True),
        ("groups=data-team", {}, False),
        ("groups=data-team", {"groups": ["x", "data-team"]}, True),
        ("groups=data-team", {"groups": "data-team-2"}, False),
        ("groups=data-team", {"groups": {"data-team": 1}}, False),
        ("realm_access.roles=jupyter", {"realm_access": {"roles": ["jupyter"]}}, True),
        ("https://e.org/roles=a", {"https://e.org/roles": ["a"]}, True),
        ("sub=ada-1", {}, True),
        ("sub=ADA-1", {}, False),
        ("sub=*", {}, True),
        ("sub=.*", {}, False),
    ],
)
async def test_who_is_let_in(
    provider: FakeProvider,
    settings: OAuthSettings,
    clock: Clock,
    text: str,
    changed: dict[str, Any],
    allowed: bool,
) -> None:
    ruled = replace(settings, allowed=(rule("sub=somebody-else"), rule(text)))
    server = ResourceServer(ruled, transport=provider.transport, clock=clock)
    if allowed:
        assert await server.principal(provider.token(**changed))
    else:
        refused = await refusal(server, provider.token(**changed))
        # Another login is no remedy, and a client that is told so would try one again and again.
        assert (refused.status, refused.code, refused.error) == (403, "not_allowed", None)
    await server.close()


async def test_nobody_is_taken_for_another(
    provider: FakeProvider, settings: OAuthSettings, clock: Clock
) -> None:
    """By another issuer, another claim, or an address that is not known to be theirs."""
    everybody = replace(settings, allowed=(rule("sub=*"),))
    names = set()
    for said in (
        everybody,
        replace(everybody, user_claim="preferred_username"),
        replace(everybody, user_claim="email"),
        replace(everybody, issuer="https://login.example.net"),
    ):
        server = ResourceServer(said, transport=provider.transport, clock=clock)
        provider.issuer = said.issuer
        token = provider.token(iss=said.issuer, preferred_username="ada-1")
        names.add((await server.principal(token)).name)
        if said.user_claim == "email":
            refused = await refusal(server, provider.token(email_verified=False))
            assert refused.code == "not_allowed"
        for odd in (None, "", 7, "x" * 300, "half \ud800", ["ada-1"]):
            claims: dict[str, Any] = {
                said.user_claim: odd,
                "iss": said.issuer,
                "email_verified": True,
            }
            if said.user_claim != "sub":
                assert (await refusal(server, provider.token(**claims))).status == 403
        await server.close()
    assert len(names) == 4
