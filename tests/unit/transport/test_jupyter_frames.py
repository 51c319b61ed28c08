"""Which pages may frame those of a Jupyter Server, with and without a policy of its own."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from jmcp.transport.jupyter_frames import HEADER, HUB_VERSION, allow_frames

PORTAL = ("https://portal.example.org",)
ALLOWED = "frame-ancestors 'self' https://portal.example.org"


@pytest.mark.parametrize(
    ("headers", "policy", "warned"),
    [
        ({}, ALLOWED, False),
        ({HEADER: "img-src 'self';"}, f"img-src 'self'; {ALLOWED}", False),
        ({HEADER: "frame-ancestors 'none'"}, "frame-ancestors 'none'", True),
        # JupyterHub's default, which nobody has configured.
        ({HEADER: "frame-ancestors 'none'", HUB_VERSION: "6.1.1"}, ALLOWED, False),
        ({HEADER: "frame-ancestors x:", HUB_VERSION: "6.1.1"}, "frame-ancestors x:", True),
    ],
)
def test_a_policy_of_somebody_stays_and_a_default_does_not(
    headers: dict[str, str], policy: str, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    settings: dict[str, Any] = {"headers": dict(headers)}
    with caplog.at_level(logging.WARNING, logger="jmcp"):
        allow_frames(settings, PORTAL)
    assert settings["headers"][HEADER] == policy
    assert bool(caplog.records) == warned
