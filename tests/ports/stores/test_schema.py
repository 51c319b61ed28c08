"""State files of earlier schemas, as the code of their time wrote them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.core.sessions.records import HeldNotebook
from jmcp.core.stores.schema import MIGRATIONS
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from jmcp_api.backend_errors import StateUnavailable as Unavailable
from tests.ports.stores.conftest import record, run

SCHEMAS = Path(__file__).parent / "schemas"


def of_schema(number: int, folder: Path) -> Path:
    path = folder / "state.db"
    made = sqlite3.connect(path)
    made.executescript((SCHEMAS / f"{number}.sql").read_text())
    made.close()
    return path


def as_the_first(held: HeldNotebook) -> HeldNotebook:
    """What the first schema's code knew of a notebook."""
    return HeldNotebook(
        ref=held.ref,
        name=held.name,
        kernel_id=held.kernel_id,
        kernel_name=held.kernel_name,
        generation=held.generation,
        started_kernel=held.started_kernel,
    )


def test_there_is_one_of_each_earlier_schema() -> None:
    assert {int(path.stem) for path in SCHEMAS.iterdir()} == set(range(1, len(MIGRATIONS)))


async def test_the_first_schema_is_migrated(tmp_path: Path) -> None:
    state = StateFile(of_schema(1, tmp_path))
    store = SqliteStore(state)
    assert state.one("PRAGMA user_version") == (len(MIGRATIONS),)
    found = await store.get("alice", "s1")
    notebooks = {key: as_the_first(held) for key, held in record().notebooks.items()}
    assert found == replace(record(), notebooks=notebooks)
    assert len(await store.of_owner("é")) == 1
    assert await store.runs() == [run("x")]
    assert state.one("SELECT notebook, state FROM changes") == ("key", "saved")
    key = next(iter(notebooks))
    assert {one.session_id for one in await store.holders(key)} == {"s1", "s2"}
    await store.remove("alice", "s1")
    assert {one.session_id for one in await store.holders(key)} == {"s2"}
    await store.close()


@pytest.mark.parametrize("number", [len(MIGRATIONS) + 1, 1000])
def test_a_later_schema_is_refused_and_left_as_it_is(number: int, tmp_path: Path) -> None:
    path = of_schema(1, tmp_path)
    later = sqlite3.connect(path)
    later.execute(f"PRAGMA user_version={number}")
    later.execute("PRAGMA journal_mode=WAL")
    later.close()
    before = path.read_bytes()
    with pytest.raises(StateUnavailable, match=rf"state\.db is of a later version .*{number}"):
        StateFile(path, unavailable=Unavailable)
    assert path.read_bytes() == before
