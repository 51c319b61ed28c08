"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jmcp.compose import API
from jmcp.transport.rest.docs_page import SCRIPTS, STYLES
from tests.surfaces.conftest import Client

COMMITTED = json.loads(Path(API.openapi_file).read_bytes())


async def test_the_served_document_is_the_committed_one(site_client: Client) -> None:
    response = await site_client.get("/jmcp/openapi.json")
    assert response.json() == COMMITTED


async def test_the_page_needs_nothing_from_elsewhere(site_client: Client) -> None:
    response = await site_client.get("/jmcp/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.findall(
        r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?!data:)", response.text
    )
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert len(re.findall(r"'sha256-[^']+'", policy)) == len(STYLES) + len(SCRIPTS)


async def test_the_page_holds_what_its_parts_say(site_client: Client) -> None:
    page = (await site_client.get("/jmcp/docs")).text
    # An HTML parser would take more than the script's end for its end.
    assert page.lower().count("<script") == page.count("</script>") == len(SCRIPTS)
    assert "<!--" not in page
    for file in STYLES:
        assert file.read_text(encoding="utf-8") in page


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("*", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, br", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_the_page_is_compressed_for_those_who_take_it(
    site_client: Client, accepted: str, coding: str | None
) -> None:
    whole = await site_client.get("/jmcp/docs", headers={"Accept-Encoding": "identity"})
    response = await site_client.get("/jmcp/docs", headers={"Accept-Encoding": accepted})
    assert response.headers.get("content-encoding") == coding
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.text == whole.text
