"""What a result does not show whole has an address, and nothing else has one."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from jmcp.core.calls.call import Outcome
from jmcp.transport.mcp.server import MOST_LINKS, result_data
from jmcp_api import limits
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp

BROKEN = base64.b64encode(b"no picture").decode()
LONG = "line\n" * 2_000


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    types = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": types, "metadata": {}}


async def outcome_of(jmcp: FakeJmcp, tool: str, **arguments: Any) -> Outcome:
    outcome = await jmcp.dispatcher.call(tool, arguments, ALICE)
    assert outcome.result is not None, outcome.text
    return outcome


def addresses(outcome: Outcome) -> list[str]:
    """Those that it says, which its text, its structure and its links have to say alike."""
    assert outcome.result is not None
    uris = [one["uri"] for one in outcome.result["outputs"] if "uri" in one]
    assert [link.uri for link in outcome.links] == uris
    assert all(f"All of it: {uri}" in outcome.text for uri in uris)
    assert outcome.text.count("://") == len(uris)
    return uris


async def whole(jmcp: FakeJmcp, uri: str) -> str | bytes:
    outcome = await outcome_of(jmcp, "read_resource", uri=uri)
    assert outcome.content is not None
    return outcome.content.data


async def test_what_is_shown_whole_has_no_address(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed("short"), shown(text__plain="<Figure>"))
    read = await outcome_of(jmcp, "read_cell", session_id=session, cell_id="c0")
    assert addresses(read) == []


async def test_a_clipped_text_has_one(jmcp: FakeJmcp, session: str) -> None:
    html = f"<p>{'word ' * 2_000}</p>"
    outputs = [
        printed("short"),
        printed(LONG),
        shown(text__plain="<Table object>", text__html=html),
    ]
    jmcp.documents.show("a.ipynb", "c0", *outputs)
    read = await outcome_of(jmcp, "read_cell", session_id=session, cell_id="c0")
    uris = addresses(read)
    assert [await whole(jmcp, uri) for uri in uris] == [LONG, html]


async def test_a_page_has_none(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.show("a.ipynb", "c0", printed(LONG))
    read = await outcome_of(jmcp, "read_cell", session_id=session, cell_id="c0", start=100)
    assert addresses(read) == []


async def test_an_image_that_is_left_out_has_one(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.show("a.ipynb", "c0", shown(image__png=BROKEN, text__plain="<Figure>"))
    read = await outcome_of(jmcp, "read_cell", session_id=session, cell_id="c0")
    (uri,) = addresses(read)
    assert await whole(jmcp, uri) == b"no picture"


async def test_of_many_outputs_each_has_its_own_number(jmcp: FakeJmcp, session: str) -> None:
    count = limits.RESULT_OUTPUTS + 50
    texts = [f"{number}\n" + "x" * 4_500 for number in range(count)]
    jmcp.documents.show("a.ipynb", "c0", *map(printed, texts))
    read = await outcome_of(jmcp, "read_cell", session_id=session, cell_id="c0")
    uris = addresses(read)
    # More would be a result beyond its budget; pages have those of the others.
    assert len(uris) == limits.RESULT_LINKS == MOST_LINKS
    assert await whole(jmcp, uris[0]) == texts[0]
    assert await whole(jmcp, uris[-1]) == texts[limits.RESULT_LINKS - 1]
    page = await outcome_of(
        jmcp, "read_cell", session_id=session, cell_id="c0", start_output=count - 3
    )
    assert [await whole(jmcp, uri) for uri in addresses(page)] == texts[-3:]
    content = result_data(read, structured=True)["content"]
    links = [one for one in content if one["type"] == "resource_link"]
    assert [one["uri"] for one in links] == uris
    assert set(links[0]) == {"type", "uri", "name", "mimeType"}


@pytest.mark.parametrize("tool", ["execute_cell", "execute_code"])
async def test_a_run_says_where_its_outputs_are(jmcp: FakeJmcp, session: str, tool: str) -> None:
    code = "print('x' * 9000)"
    jmcp.documents.type_over("a.ipynb", "c0", code)
    what = {"cell_id": "c0"} if tool == "execute_cell" else {"code": code}
    run = await outcome_of(jmcp, tool, session_id=session, **what)
    (uri,) = addresses(run)
    kind = "notebook://a.ipynb/cells/c0/" if tool == "execute_cell" else "execution://"
    assert uri.startswith(kind)
    assert await whole(jmcp, uri) == "x" * 9_000 + "\n"


async def test_a_cell_without_an_id_has_none(session: str, jmcp: FakeJmcp) -> None:
    jmcp.documents.write("old.ipynb", "1", minor=4)
    old = await jmcp.open("old.ipynb")
    read = await outcome_of(jmcp, "read_cell", session_id=old, cell_index=0)
    assert addresses(read) == []
