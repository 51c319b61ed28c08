"""Whom a browser may speak for."""

from __future__ import annotations

import pytest

from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.problems import Problem


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8888", None),
        ("127.0.0.1", None),
        ("[::1]:8888", None),
        ("localhost:8888", "http://localhost:8888"),
        ("LOCALHOST:8888", "http://localhost:8888"),
        ("127.0.0.1:8888", "http://localhost:8888"),
        ("[::1]", "http://localhost:80"),
    ],
)
def test_loopback_may_talk_to_itself(host: str, origin: str | None) -> None:
    HostOriginPolicy().check(host, origin)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8888", "localhost.evil.example", "[nonsense", "a@b:x"],
)
def test_other_hosts_are_refused(host: str) -> None:
    with pytest.raises(Problem) as refusal:
        HostOriginPolicy().check(host, None)
    assert refusal.value.body["status"] == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example:8888",
        "null",
        "http://localhost.evil.example",
        "file://localhost",
        "nonsense",
        # Another server of this machine, with the same cookies.
        "http://localhost:6274",
        "http://127.0.0.1",
        "http://localhost:x",
    ],
)
def test_foreign_origins_are_refused(origin: str) -> None:
    with pytest.raises(Problem) as refusal:
        HostOriginPolicy().check("localhost:8888", origin)
    assert refusal.value.body["code"] == "origin_refused"
    assert refusal.value.body["status"] == 403


def test_a_server_for_others_trusts_its_own_host_only() -> None:
    guard = HostOriginPolicy(any_host=True)
    guard.check("hub.example", "https://hub.example")
    for origin in ("https://other.example", "http://localhost:8888"):
        with pytest.raises(Problem):
            guard.check("hub.example", origin)


def test_configured_origins_are_allowed() -> None:
    HostOriginPolicy(origins=frozenset({"https://a.example"})).check(
        "localhost", "https://a.example"
    )
    HostOriginPolicy(origins=frozenset({"*"})).check("localhost", "https://a.example")
    guard = HostOriginPolicy(origin_pattern=r"https://.*\.example")
    guard.check("localhost", "https://a.example")
    with pytest.raises(Problem):
        guard.check("localhost", "https://a.example.evil")
