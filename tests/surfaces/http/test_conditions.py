"""ETag, If-Match and If-None-Match on cells: clients without a memory here write no stale edits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import pytest

from jmcp.compose import API
from jmcp.transport.rest.conditions import Tags, tags
from jmcp.transport.site import site
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.conftest import client_of_site

SOURCES = ["x = 1", "y = 1", "z = 1"]
OLD = '"0123456789abcdef"'


@pytest.fixture
def jmcp() -> FakeJmcp:
    made = FakeJmcp()
    made.documents.write("a.ipynb", *SOURCES)
    return made


@pytest.fixture
async def client(jmcp: FakeJmcp) -> AsyncIterator[httpx.AsyncClient]:
    await jmcp.start()  # for the session; the site starts it again
    async with client_of_site(site(jmcp.dispatcher, version="1")) as made:
        opened = await made.post("/jmcp/v1/sessions", json={"notebook_path": "a.ipynb"})
        made.base_url = httpx.URL(
            f"http://localhost/jmcp/v1/sessions/{opened.json()['session_id']}/"
        )
        yield made


async def etag(client: httpx.AsyncClient, cell: str = "c0") -> str:
    answer = await client.get(f"cells/{cell}")
    return answer.headers["etag"]


async def source(client: httpx.AsyncClient, cell: str = "c0") -> str:
    answer = await client.get(f"cells/{cell}")
    found: str = answer.json()["source"]
    return found


def refused(answer: httpx.Response) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (412, 412)
    assert problem["code"] == "cell_changed"
    return problem


async def put(
    client: httpx.AsyncClient, match: str, source: str = "x = 2", **more: Any
) -> httpx.Response:
    body = {"cell_source": source, **more}
    return await client.put("cells/c0/source", json=body, headers={"If-Match": match})


async def test_an_edit_of_what_was_read_is_made(client: httpx.AsyncClient, jmcp: FakeJmcp) -> None:
    answer = await put(client, await etag(client))
    assert answer.status_code == 200
    assert await source(client) == "x = 2"
    # Its answer has the tag for the next edit.
    again = await put(client, answer.headers["etag"], "x = 3")
    assert again.status_code == 200
    edit = {"old_string": "3", "new_string": "4"}
    headers = {"If-Match": again.headers["etag"]}
    edited = await client.patch("cells/at/0/source", json=edit, headers=headers)
    assert (edited.status_code, await source(client)) == (200, "x = 4")
    assert (await put(client, again.headers["etag"])).status_code == 412


@pytest.mark.parametrize("force", [False, True])
async def test_an_edit_of_what_others_changed_is_refused(
    client: httpx.AsyncClient, jmcp: FakeJmcp, force: bool
) -> None:
    read = await etag(client)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 10")
    problem = refused(await put(client, read, force=force))
    assert problem["details"]["source"] == "x = 10"
    assert "-x = 1\n+x = 10" in problem["details"]["diff"]
    assert problem["detail"].startswith("Cell 0 (id c0) is not as If-Match says; ")
    assert await source(client) == "x = 10"


async def test_what_the_session_read_since_makes_no_tag_newer(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    read = await etag(client)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 10")
    newer = await etag(client)  # another client of the same session
    assert refused(await put(client, read))["details"]["source"] == "x = 10"
    assert (await put(client, newer)).status_code == 200


async def test_a_tag_is_that_of_one_cell(client: httpx.AsyncClient) -> None:
    await client.put("cells/c1/source", json={"cell_source": "x = 1"})
    refused(await put(client, await etag(client, "c1")))


async def test_any_of_several_tags_will_do(client: httpx.AsyncClient) -> None:
    assert (await put(client, f'{OLD} , W/"x",{await etag(client)}')).status_code == 200


async def test_a_star_leaves_the_session_its_guard(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    await etag(client)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 10")
    answer = await put(client, "*")
    assert (answer.status_code, answer.json()["code"]) == (409, "cell_changed")
    assert (await put(client, "*", force=True)).status_code == 200


async def test_a_weak_tag_never_matches(client: httpx.AsyncClient, jmcp: FakeJmcp) -> None:
    answer = await put(client, f"W/{await etag(client)}")
    assert (answer.status_code, answer.json()["status"]) == (412, 412)
    assert "weak" in answer.json()["detail"]
    assert await source(client) == "x = 1"


@pytest.mark.parametrize("match", ["abc", '"a" "b"', '"a', "", '"a",', "*, *", "W/*", 'w/"a"'])
async def test_what_is_no_tag_is_refused(
    client: httpx.AsyncClient, jmcp: FakeJmcp, match: str
) -> None:
    answer = await put(client, match)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_arguments")
    assert "If-Match" in answer.json()["detail"]
    assert await source(client) == "x = 1"


async def test_every_operation_on_named_cells_goes_by_it(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    headers = {"If-Match": OLD}
    move = await client.put("cells/c0/position", json={"target_index": 2}, headers=headers)
    edit = {"old_string": "x", "new_string": "y"}
    for answer in (
        move,
        await client.patch("cells/c0/source", json=edit, headers=headers),
        await client.delete("cells", params={"cell_ids": ["c0"]}, headers=headers),
        await client.post("cells/c0/execution", headers=headers),
        await client.post(
            "cells/at/0/execution", headers=headers | {"Accept": "text/event-stream"}
        ),
    ):
        assert refused(answer)["details"]["source"] == "x = 1"
    assert [await source(client, f"at/{index}") for index in range(3)] == SOURCES
    read = ", ".join([await etag(client, "c0"), await etag(client, "c2")])
    deleted = await client.delete(
        "cells", params={"cell_ids": ["c0", "c2"]}, headers={"If-Match": read}
    )
    assert deleted.json()["cell_count"] == 1


async def test_every_such_operation_says_what_it_comes_to() -> None:
    for route in API.routes:
        if route.conditional and route.method != "GET":
            codes = [error.code for error in API.tools[route.tool].errors]
            assert "cell_changed" in codes, route.tool


async def test_others_refuse_what_they_would_not_heed(client: httpx.AsyncClient) -> None:
    headers = {"If-Match": "*"}
    body = {"cell_index": -1, "cell_type": "code", "cell_source": ""}
    for answer in (
        await client.post("cells", json=body, headers=headers),
        await client.get("cells/c0", headers=headers),
        await client.put(
            "cells/c0/source", json={"cell_source": ""}, headers={"If-None-Match": "*"}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_arguments")
        assert "does not go by" in answer.json()["detail"]


async def test_an_answer_that_the_client_has_is_not_sent_again(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    read = await etag(client)
    for known in (read, f"W/{read}", f"{OLD}, {read}", "*"):
        answer = await client.get("cells/c0", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == read
    head = await client.head("cells/c0", headers={"If-None-Match": read})
    assert head.status_code == 304
    changed = await client.get(
        "cells/c0", params={"include_outputs": False}, headers={"If-None-Match": OLD}
    )
    assert changed.status_code == 200
    # Outputs are a part of the answer, and of no guard.
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    jmcp.documents.show("a.ipynb", "c0", output)
    shown = await client.get("cells/c0", headers={"If-None-Match": read})
    assert (shown.status_code, shown.json()["outputs"][0]["text"]) == (200, "1\n")
    assert (await put(client, read)).status_code == 200


async def test_a_notice_is_sent_whatever_the_client_has(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    await etag(client, "c1")
    read = await etag(client)
    jmcp.documents.type_over("a.ipynb", "c1", "y = 10")
    told = await client.get("cells/c0", headers={"If-None-Match": read})
    assert (told.status_code, told.headers["etag"]) == (200, read)
    assert told.json()["notices"][0]["code"] == "cells_changed"
    again = await client.get("cells/c0", headers={"If-None-Match": read})
    assert again.status_code == 304


async def test_cells_without_ids_keep_their_tags_when_they_get_them(
    client: httpx.AsyncClient, jmcp: FakeJmcp
) -> None:
    jmcp.documents.write("old.ipynb", "x = 1", "y = 1", minor=4)
    opened = await client.post(
        "http://localhost/jmcp/v1/sessions", json={"notebook_path": "old.ipynb"}
    )
    cells = f"http://localhost/jmcp/v1/sessions/{opened.json()['session_id']}/cells/at"
    read = [(await client.get(f"{cells}/{index}")).headers["etag"] for index in (0, 1)]
    for index, tag in enumerate(read):
        answer = await client.put(
            f"{cells}/{index}/source", json={"cell_source": "z"}, headers={"If-Match": tag}
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" * ", Tags(whatever=True)),
        ('"a"', Tags(strong=frozenset({"a"}))),
        ('""', Tags(strong=frozenset({""}))),
        ('"a,b" ,\tW/"c"', Tags(strong=frozenset({"a,b"}), weak=frozenset({"c"}))),
        ("a", None),
        (", ".join(['"a"'] * 10_000) + "x", None),
    ],
)
def test_tags_are_read_as_the_standard_has_them(text: str, found: Tags | None) -> None:
    assert tags(text) == found
