"""Clients are told of what others change, once for several changes, and only while they are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.call import Caller
from jmcp.core.errors import ToolError
from jmcp.core.ports import DocumentMode
from jmcp.core.watching import notebook_watch, watches
from jmcp.core.watching.watches import MOST_OF_A_CLIENT, Watches
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

HERE = replace(ALICE, connection="here")
THERE = replace(ALICE, connection="there")
LOOK = 0.005
"""Seconds between two looks."""
BOUND = 10.0
"""Seconds within which what has to come has come, on a busy machine too."""


@dataclass(kw_only=True)
class Client:
    """One that counts how often it is told. `reachable` as `Calls.watch` has it."""

    told: int = 0
    reachable: bool | None = True
    news: asyncio.Event = field(default_factory=asyncio.Event)
    raises: Exception | None = None

    async def tell(self) -> None:
        self.told += 1
        self.news.set()
        if self.raises is not None:
            raise self.raises

    async def is_told(self) -> None:
        async with asyncio.timeout(BOUND):
            await self.news.wait()
        self.news.clear()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110  nothing tells when
            await asyncio.sleep(0)


@pytest.fixture(params=["live", "file"])
def mode(request: pytest.FixtureRequest) -> DocumentMode:
    made: DocumentMode = request.param
    return made


@pytest.fixture
async def jmcp(mode: DocumentMode) -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
    made.documents.write("b.ipynb", "y = 1")
    async with made.running():
        dispatcher = made.dispatcher
        dispatcher.watches = Watches(
            dispatcher.leases,
            dispatcher.runs.index,
            API.policy.errors.session_limit,
            look_seconds=LOOK,
        )
        yield made
    assert not +made.documents.held, "a document is still held"


async def watched(
    jmcp: FakeJmcp, client: Client, caller: Caller = HERE, cell_id: str | None = None
) -> Any:
    return await jmcp.dispatcher.watch(
        "a.ipynb", cell_id, caller, tell=client.tell, reachable=lambda: client.reachable
    )


PERSON: dict[str, Callable[[FakeJmcp], None]] = {
    "types": lambda jmcp: jmcp.documents.type_over("a.ipynb", "c0", "x = 7"),
    "inserts": lambda jmcp: jmcp.documents.put_in("a.ipynb", 0, "new", "n1"),
    "deletes": lambda jmcp: jmcp.documents.take_out("a.ipynb", "c1"),
    "drags": lambda jmcp: jmcp.documents.drag("a.ipynb", "c0", 2),
    "runs": lambda jmcp: jmcp.documents.show("a.ipynb", "c0"),
    "renames": lambda jmcp: jmcp.documents.rename("a.ipynb", "c.ipynb"),
    "removes": lambda jmcp: jmcp.documents.delete("a.ipynb"),
}


@pytest.mark.parametrize("what", PERSON)
async def test_what_people_do_is_told(jmcp: FakeJmcp, what: str) -> None:
    client = Client()
    await watched(jmcp, client)
    PERSON[what](jmcp)
    await client.is_told()


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("overwrite_cell_source", {"cell_id": "c0", "cell_source": "x = 8"}),
        ("edit_cell_source", {"cell_id": "c0", "old_string": "6", "new_string": "9"}),
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "new"}),
        ("delete_cell", {"cell_ids": ["c0"]}),
        ("move_cell", {"cell_id": "c0", "target_index": 1}),
        ("execute_cell", {"cell_id": "c0"}),
        ("insert_execute_code_cell", {"cell_index": -1, "cell_source": "print(1)"}),
        (
            "apply_edits",
            {
                "edits": [
                    {"op": "delete", "cell": "c1"},
                    {"op": "insert", "cell_type": "code", "source": "z"},
                ]
            },
        ),
    ],
)
async def test_what_one_client_does_the_others_are_told(
    jmcp: FakeJmcp, tool: str, arguments: dict[str, Any]
) -> None:
    own, other, stateless = Client(), Client(), Client()
    await watched(jmcp, own, HERE)
    await watched(jmcp, other, THERE)
    await watched(jmcp, stateless, ALICE)
    session = await jmcp.open("a.ipynb", HERE)
    await jmcp.call(tool, HERE, session_id=session, **arguments)
    await other.is_told()
    await stateless.is_told()
    await until(lambda: other.told + stateless.told >= 2)
    own_before = own.told
    jmcp.documents.type_over("a.ipynb", "c2", "by a person")
    await own.is_told()
    assert (own_before, own.told) == (0, 1)


async def test_undo_is_ones_own_too(jmcp: FakeJmcp) -> None:
    own, other = Client(), Client()
    await watched(jmcp, own, HERE)
    await watched(jmcp, other, THERE)
    session = await jmcp.open("a.ipynb", HERE)
    await jmcp.call("delete_cell", HERE, session_id=session, cell_ids=["c0"])
    await other.is_told()
    await jmcp.call("undo_change", HERE, session_id=session)
    await other.is_told()
    assert own.told == 0


async def test_a_session_may_come_over_another_connection(jmcp: FakeJmcp) -> None:
    """As after a restart of the client: whose the change is goes by the call."""
    session = await jmcp.open("a.ipynb", HERE)
    own, other = Client(), Client()
    await watched(jmcp, own, THERE)
    await watched(jmcp, other, HERE)
    edit = {"session_id": session, "cell_id": "c0", "cell_source": "x = 8"}
    await jmcp.call("overwrite_cell_source", THERE, **edit)
    await other.is_told()
    assert own.told == 0


async def test_clients_without_connections_are_told_apart_by_their_names(jmcp: FakeJmcp) -> None:
    one, another = replace(ALICE, client="one"), replace(ALICE, client="another")
    own, other, page = Client(), Client(), Client()
    await watched(jmcp, own, one)
    await watched(jmcp, other, another)
    session = await jmcp.open("a.ipynb", one)
    edit = {"session_id": session, "cell_id": "c0", "cell_source": "x = 8"}
    await jmcp.call("overwrite_cell_source", one, **edit)
    await other.is_told()
    assert own.told == 0
    await watched(jmcp, page, ALICE)
    await jmcp.call("overwrite_cell_source", ALICE, **{**edit, "cell_source": "x = 9"})
    await own.is_told()
    assert page.told == 0


async def test_a_change_of_others_beside_ones_own_is_told(jmcp: FakeJmcp) -> None:
    own = Client()
    await watched(jmcp, own, HERE)
    session = await jmcp.open("a.ipynb", HERE)
    edit = {"session_id": session, "cell_id": "c0", "cell_source": "x = 8"}
    await jmcp.call("overwrite_cell_source", HERE, **edit)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 9")
    await own.is_told()


async def test_a_cell_is_told_of_by_itself(jmcp: FakeJmcp) -> None:
    first, second = Client(), Client()
    await watched(jmcp, first, HERE, "c0")
    await watched(jmcp, second, HERE, "c1")
    jmcp.documents.put_in("a.ipynb", 0, "new", "n1")
    jmcp.documents.type_over("a.ipynb", "c0", "x = 7")
    await first.is_told()
    jmcp.documents.take_out("a.ipynb", "c1")
    await second.is_told()
    assert (first.told, second.told) == (1, 1)


async def test_many_changes_are_told_once(jmcp: FakeJmcp) -> None:
    client = Client()
    await watched(jmcp, client)
    for number in range(50):  # nothing is awaited, so nobody looks meanwhile
        jmcp.documents.type_over("a.ipynb", "c0", f"x = {number}")
    await client.is_told()
    # Whoever comes later is told of a later look, at which the first has nothing to hear.
    late = Client()
    await watched(jmcp, late, BOB, "c2")
    before = client.told
    jmcp.documents.type_over("a.ipynb", "c2", "later")
    await late.is_told()
    assert (before, client.told) == (1, 2)


async def test_a_client_that_is_not_there_holds_nothing_and_is_told_later(jmcp: FakeJmcp) -> None:
    client = Client(reachable=False)
    await watched(jmcp, client)
    await until(lambda: not +jmcp.documents.held)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 7")
    client.reachable = True
    await client.is_told()


async def test_a_client_that_is_gone_is_forgotten(jmcp: FakeJmcp) -> None:
    client = Client()
    subscription = await watched(jmcp, client)
    client.reachable = None
    await until(lambda: subscription.closed)
    await until(lambda: not +jmcp.documents.held)
    assert jmcp.dispatcher.watches.count == 0
    assert jmcp.dispatcher.leases.watched == {}


async def test_a_client_that_stays_away_is_forgotten(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_watch, "AWAY_SECONDS", 10 * LOOK)
    away, there = Client(reachable=False), Client()
    subscription = await watched(jmcp, away)
    await watched(jmcp, there, THERE)
    await until(lambda: subscription.closed)
    assert jmcp.dispatcher.watches.count == 1


async def test_those_who_are_away_take_nobodys_place(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "MOST_OF_ALL", 2)
    away = Client(reachable=False)
    for number in range(3):
        await watched(jmcp, away, replace(ALICE, connection=f"away {number}"))
    await watched(jmcp, Client())
    await watched(jmcp, Client(), THERE)
    with pytest.raises(ToolError):
        await watched(jmcp, Client(), BOB)


async def test_an_empty_notebook_is_none_that_is_gone(jmcp: FakeJmcp) -> None:
    own, other = Client(), Client()
    await watched(jmcp, own, HERE)
    await watched(jmcp, other, THERE)
    session = await jmcp.open("a.ipynb", HERE)
    await jmcp.call("delete_cell", HERE, session_id=session, cell_indices=[0, 1, 2])
    await other.is_told()
    new = {"cell_index": 0, "cell_type": "code", "cell_source": "again"}
    await jmcp.call("insert_cell", HERE, session_id=session, **new)
    await other.is_told()
    assert own.told == 0


async def test_a_client_that_cannot_be_told_is_forgotten(jmcp: FakeJmcp) -> None:
    client = Client(raises=OSError("gone"))
    subscription = await watched(jmcp, client)
    jmcp.documents.type_over("a.ipynb", "c0", "x = 7")
    await until(lambda: subscription.closed)


async def test_a_notebook_that_comes_back_is_told_of(jmcp: FakeJmcp) -> None:
    client = Client()
    await watched(jmcp, client)
    text = jmcp.documents.text("a.ipynb")
    assert text is not None
    jmcp.documents.delete("a.ipynb")
    await client.is_told()


async def test_what_is_not_there_cannot_be_watched(jmcp: FakeJmcp) -> None:
    client = Client()
    with pytest.raises(ToolError) as refused:
        await jmcp.dispatcher.watch(
            "no.ipynb", None, HERE, tell=client.tell, reachable=lambda: True
        )
    assert refused.value.code == "notebook_not_found"
    assert jmcp.dispatcher.watches.count == 0


async def test_a_document_that_does_not_open_leaves_nothing(jmcp: FakeJmcp) -> None:
    jmcp.documents.put_text("broken.ipynb", "{")
    with pytest.raises(ToolError) as refused:
        await jmcp.dispatcher.watch(
            "broken.ipynb", None, HERE, tell=Client().tell, reachable=lambda: True
        )
    assert refused.value.code == "notebook_invalid"
    assert jmcp.dispatcher.watches.count == 0
    assert jmcp.dispatcher.leases.watched == {}


async def test_a_client_may_watch_so_much(jmcp: FakeJmcp) -> None:
    client = Client()
    held = [await watched(jmcp, client) for _ in range(MOST_OF_A_CLIENT)]
    with pytest.raises(ToolError) as refused:
        await watched(jmcp, client)
    assert (refused.value.code, str(MOST_OF_A_CLIENT) in refused.value.message) == (
        "session_limit",
        True,
    )
    await watched(jmcp, client, THERE)
    held[0].close()
    held[0].close()
    await watched(jmcp, client)
