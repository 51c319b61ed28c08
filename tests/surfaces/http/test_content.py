"""The bytes of outputs over REST: of a notebook that means harm they are a file, never a page."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import pytest

from jmcp.core.calls.resources import Content
from jmcp.transport.rest.content import content_response
from jmcp.transport.site import site
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import client_of_site

PNG = b"\x89PNG\r\n\x1a\n and more"
SCRIPT = "<script>fetch('/jmcp/v1/sessions')</script>"


@pytest.fixture
def jmcp() -> FakeJmcp:
    made = FakeJmcp()
    made.documents.write("a b.ipynb", "x = 6")
    data = {
        "image/png": base64.b64encode(PNG).decode(),
        "text/html": SCRIPT,
        "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{SCRIPT}</svg>",
        "application/pdf": base64.b64encode(b"%PDF").decode(),
        "text/x; é=b": "odd",
        "text/plain": "é\n",
    }
    made.documents.show(
        "a b.ipynb", "c0", {"output_type": "display_data", "data": data, "metadata": {}}
    )
    return made


@pytest.fixture
async def client(jmcp: FakeJmcp) -> AsyncIterator[httpx.AsyncClient]:
    await jmcp.start()  # for the session; the site starts it again
    async with client_of_site(site(jmcp.dispatcher, version="1")) as made:
        yield made


async def opened(client: httpx.AsyncClient) -> str:
    answer = await client.post("/jmcp/v1/sessions", json={"notebook_path": "a b.ipynb"})
    return f"/jmcp/v1/sessions/{answer.json()['session_id']}/cells"


@pytest.mark.parametrize("cell", ["c0", "at/0"])
@pytest.mark.parametrize("mime_type", ["image/png", "image%2Fpng"])
async def test_an_image_is_its_bytes(client: httpx.AsyncClient, cell: str, mime_type: str) -> None:
    answer = await client.get(f"{await opened(client)}/{cell}/outputs/0/{mime_type}")
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")


async def test_text_says_its_characters(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{await opened(client)}/c0/outputs/0/text/plain")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "é\n"


@pytest.mark.parametrize(
    "mime_type", ["text/html", "image/svg+xml", "application/pdf", "text/plain"]
)
async def test_nothing_of_it_runs_in_a_browser(client: httpx.AsyncClient, mime_type: str) -> None:
    answer = await client.get(f"{await opened(client)}/c0/outputs/0/{mime_type}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy.replace(" ", "").split(";")
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    kind = "inline" if mime_type == "text/plain" else "attachment"
    assert answer.headers["content-disposition"].split(";")[0] == kind


async def test_a_type_that_no_header_can_say_is_none(client: httpx.AsyncClient) -> None:
    odd = quote("text/x; é=b", safe="")
    answer = await client.get(f"{await opened(client)}/c0/outputs/0/{odd}")
    assert (answer.status_code, answer.text) == (200, "odd")
    assert answer.headers["content-type"] == "application/octet-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("mime_type", "data", "kind"),
    [
        ("TEXT/HTML", "x", "attachment"),
        ("text/x\r\nSet-Cookie: a=b", "x", "attachment"),
        ("text/plain", "\ud83d", "inline"),
        ("application/x-é", b"x", "attachment"),
        ("", "x", "attachment"),
        ("image/png; x=1", b"x", "attachment"),
    ],
)
def test_odd_types_are_files(mime_type: str, data: str | bytes, kind: str) -> None:
    made = content_response(Content(uri="notebook://x/../\r\n", mime_type=mime_type, data=data))
    assert "set-cookie" not in made.headers
    disposition = made.headers["content-disposition"]
    assert disposition.startswith(f"{kind}; filename*=UTF-8''")
    assert not set("\r\n/\\ ") & set(disposition.partition("; ")[2])


async def test_it_can_be_had_by_its_uri(client: httpx.AsyncClient) -> None:
    uri = "notebook://a%20b.ipynb/cells/c0/outputs/0/image%2Fpng"
    answer = await client.get("/jmcp/v1/resource/content", params={"uri": uri})
    assert (answer.status_code, answer.content) == (200, PNG)
    described = (await client.get("/jmcp/v1/resource", params={"uri": uri})).json()
    assert described == {"uri": uri, "mime_type": "image/png", "size": len(PNG)}


@pytest.mark.parametrize(
    "path", ["c0/outputs/0/image/webp", "c0/outputs/1/text/plain", "c9/outputs/0/text/plain"]
)
async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{await opened(client)}/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_clipped_says_where_all_of_it_is(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    long: dict[str, Any] = {"output_type": "stream", "name": "stdout", "text": "line\n" * 2_000}
    jmcp.documents.show("a b.ipynb", "c0", long)
    cells = await opened(client)
    (output,) = (await client.get(f"{cells}/c0")).json()["outputs"]
    answer = await client.get("/jmcp/v1/resource/content", params={"uri": output["uri"]})
    assert answer.text == long["text"]
