"""Links from one page of a list to the others, below whatever path the server lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import pytest

from jmcp.compose import API
from jmcp.transport.rest.page_links import page_links
from jmcp.transport.site import site
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import client_of_site

BASE = "/user/m%C3%BC"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    jmcp = FakeJmcp()
    jmcp.documents.write("a.ipynb", *(f"x = {number}" for number in range(7)))
    await jmcp.start()  # for the session; the site starts it again
    async with client_of_site(site(jmcp.dispatcher, version="1", base=BASE)) as made:
        yield made


def cells(answer: httpx.Response) -> list[int]:
    """The indices of the cells on a page."""
    table = answer.json()["cells"]
    at = table["columns"].index("cell_index")
    return [row[at] for row in table["rows"]]


async def test_the_links_lead_through_the_whole_list(client: httpx.AsyncClient) -> None:
    sent = {"notebook_path": "a.ipynb"}
    opened = await client.post(f"{BASE}/jmcp/v1/sessions", json=sent)
    url = f"{BASE}/jmcp/v1/sessions/{opened.json()['session_id']}/notebook"
    answer = await client.get(url, params={"limit": 3, "response_format": "detailed"})
    seen = cells(answer)
    assert set(answer.links) == {"next"}
    while "next" in answer.links:
        link = answer.links["next"]["url"]
        assert urlsplit(link).path == url
        answer = await client.get(link)
        seen += cells(answer)
        assert "source" in answer.json()["cells"]["columns"]  # as the first page was asked for
    assert seen == list(range(7))
    assert set(answer.links) == {"first", "prev"}
    before = await client.get(answer.links["prev"]["url"])
    assert before.json()["start_index"] == 3
    first = await client.get(answer.links["first"]["url"])
    assert first.json().get("start_index", 0) == 0
    assert "first" not in first.links


async def test_one_page_has_no_links(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{BASE}/jmcp/v1/notebooks", params={"scope": "workspace"})
    assert answer.json()["total"] == 1
    assert "link" not in answer.headers


def test_every_list_with_pages_has_them() -> None:
    for route in API.routes:
        tool = API.tools[route.tool]
        fields = tool.params.model_fields, tool.result.model_fields
        paged = route.method == "GET" and "start_index" in fields[0] and "more" in fields[1]
        assert route.paged is (paged and not route.content), route.path


def test_what_a_url_cannot_have_is_quoted() -> None:
    query = [("pattern", 'a>; rel="x", <\r\nb&ü'), ("start_index", "5"), ("limit", "2")]
    value = page_links("/é/x", query, {"start_index": 5, "limit": 2}, {"start_index": 5})
    assert value is not None
    assert value.isascii()
    assert value.isprintable()
    first, prev = value.split(", ")
    target = urlsplit(prev.removeprefix("<").removesuffix('>; rel="prev"'))
    assert dict(parse_qsl(target.query)) == {
        "pattern": query[0][1],
        "limit": "2",
        "start_index": "3",
    }
    assert target.path == "/%C3%A9/x"
    assert first.endswith('>; rel="first"')
