"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from jmcp.compose import API
from tests.surfaces.conftest import Client

COMMITTED = json.loads(Path(API.openapi_file).read_bytes())
EXTERNAL = re.compile(r"(?:https?:)?//(?!www\.w3\.org)[a-z0-9.-]+\.[a-z]", re.IGNORECASE)


async def test_the_served_document_is_the_committed_one(site_client: Client) -> None:
    response = await site_client.get("/jmcp/openapi.json")
    assert response.json() == COMMITTED


async def test_the_page_needs_nothing_from_elsewhere(site_client: Client) -> None:
    response = await site_client.get("/jmcp/docs")
    assert response.headers["content-type"].startswith("text/html")
    assert not EXTERNAL.findall(response.text)
    assert not re.findall(r"\b(?:src|href)=", response.text)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert len(re.findall(r"'sha256-[^']+'", policy)) == 2


async def test_the_page_never_makes_markup_of_data(site_client: Client) -> None:
    page = (await site_client.get("/jmcp/docs")).text
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert danger not in page
