"""Any history of calls, hours, sweeps and restarts: each call is on the session that it has to be on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.sessions.records import Store
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.scenarios.sessions.histories.model import IDLE_SECONDS, Asked, Model, Refused
from tests.scenarios.sessions.histories.restartable import SOURCE, RestartableJmcp, write
from tests.thorough import amount

AUTHENTICATED = {"alice": True, "anonymous": False}
HOUR = 3600.0
OWNERS = st.sampled_from(["alice", "alice", "alice", "anonymous"])
CONNECTIONS = st.sampled_from([None, "stdio:1", "stdio:1", "stdio:2"])
EXIST_AS = ["a.ipynb", "b.ipynb", "d.ipynb", "./a.ipynb", "folder//c.ipynb"]
PATHS = st.sampled_from([*EXIST_AS, *EXIST_AS, "../a.ipynb", "gone.ipynb"])
NAMES = st.sampled_from([None, "first", "first", "a.ipynb"])
OWN_IDS = st.sampled_from(["analysis-1", "analysis-2"])
AGES = st.sampled_from([HOUR, HOUR, 5 * HOUR, 23 * HOUR, IDLE_SECONDS, IDLE_SECONDS + 1])


class Histories(RuleBasedStateMachine):
    """Rules are what clients, the clock and whoever runs jmcp do; the model says what comes of it."""

    persists = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.model = Model()
        self.minted: list[str] = []
        write(self.root)
        self.restartable = RestartableJmcp(self.root, self.store, lambda: self.model.now)

    @property
    def root(self) -> Path:
        return Path(self.folder.name) / "root"

    def store(self) -> Store:
        return MemoryStore()

    def teardown(self) -> None:
        self.restartable.close()
        self.folder.cleanup()

    # -- what clients do -----------------------------------------------------------------------

    @rule(data=st.data(), owner=OWNERS, connection=CONNECTIONS, path=PATHS, name=NAMES)
    def open(
        self, data: st.DataObject, owner: str, connection: str | None, path: str, name: str | None
    ) -> None:
        asked = self.asked(data, owner, connection, path)
        beside = any(one.connection == connection for one in self.model.live(owner).values())
        try:
            new = self.model.opens(asked)
            self.model.exists(asked)
        except Refused as refused:
            self.fails("use_notebook", asked, refused.code, notebook_name=name)
            return
        result = self.result("use_notebook", asked, notebook_name=name)
        session_id = result["session_id"]
        if asked.session_id is not None:
            assert session_id == asked.session_id
        else:
            assert (owner, session_id) not in self.model.sessions
            assert len(session_id) == (8 if AUTHENTICATED[owner] else 36)
            self.minted.append(session_id)
        assert result["action"] == self.model.opened(asked, session_id, name)
        told = "session_opened" in [notice["code"] for notice in result["notices"]]
        assert told == (new and connection is not None and beside)

    @rule(
        data=st.data(),
        owner=OWNERS,
        connection=CONNECTIONS,
        path=st.none() | PATHS | NAMES,
        read_only=st.booleans(),
    )
    def use(
        self,
        data: st.DataObject,
        owner: str,
        connection: str | None,
        path: str | None,
        read_only: bool,
    ) -> None:
        asked = self.asked(data, owner, connection, path)
        tool, arguments = "read_notebook", {}
        if not read_only:
            tool, arguments = "overwrite_cell_source", {"cell_index": 0, "cell_source": SOURCE}
        try:
            expected = self.model.called(asked, read_only=read_only)
        except Refused as refused:
            self.fails(tool, asked, refused.code, **arguments)
            return
        result = self.result(tool, asked, **arguments)
        session_id, notebook_path = expected
        assert result["session_id"] == session_id
        assert result["notebook_path"] in (None, notebook_path)

    @rule(data=st.data(), owner=OWNERS, connection=CONNECTIONS, path=st.none() | PATHS)
    def unuse(
        self, data: st.DataObject, owner: str, connection: str | None, path: str | None
    ) -> None:
        asked = self.asked(data, owner, connection, path)
        try:
            session_id, path, current = self.model.released(asked)
        except Refused as refused:
            self.fails("unuse_notebook", asked, refused.code)
            return
        result = self.result("unuse_notebook", asked)
        assert (result["session_id"], result["released"]) == (session_id, path)
        assert (result["current_notebook"], result["session_ended"]) == (current, current is None)

    # -- what happens to them ------------------------------------------------------------------

    @rule(age=AGES)
    def wait(self, age: float) -> None:
        self.model.now += age

    @rule()
    def sweep(self) -> None:
        self.restartable.sweep()
        self.model.sweep()

    @rule(now=st.integers(0, 3))
    def restart(self, now: int) -> None:
        if now:
            return  # else no history in memory gets long

        self.restartable.restart()
        if not self.persists:
            self.model.sessions.clear()

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def everybody_has_their_own(self) -> None:
        for owner in AUTHENTICATED:
            found = {
                record.session_id: (
                    record.connection,
                    record.last_accessed,
                    [(held.ref.path, held.name) for held in record.notebooks.values()],
                    record.current,
                )
                for record in self.restartable.records(owner)
            }
            assert found == {
                session_id: (one.connection, one.used, list(one.names.items()), one.current)
                for session_id, one in self.model.live(owner).items()
            }

    def asked(
        self, data: st.DataObject, owner: str, connection: str | None, path: str | None
    ) -> Asked:
        """With no id, one that the client chose, or one that somebody was given at some time."""
        ids = st.none() | (OWN_IDS | st.sampled_from(self.minted) if self.minted else OWN_IDS)
        session_id = data.draw(ids, label="session_id")
        return Asked(owner=owner, connection=connection, session_id=session_id, notebook_path=path)

    def result(self, tool: str, asked: Asked, **arguments: Any) -> dict[str, Any]:
        outcome = self._call(tool, asked, arguments)
        assert outcome.result is not None, outcome.text
        return outcome.result

    def fails(self, tool: str, asked: Asked, code: str, **arguments: Any) -> None:
        outcome = self._call(tool, asked, arguments)
        assert outcome.error is not None, f"{code} expected: {outcome.text}"
        assert outcome.error.code == code, outcome.text
        foreign = {key[1] for key in self.model.sessions if key[0] != asked.owner}
        foreign -= {asked.session_id, *self.model.live(asked.owner)}
        assert not [session_id for session_id in foreign if session_id in outcome.text]

    def _call(self, tool: str, asked: Asked, arguments: dict[str, Any]) -> Outcome:
        caller = Caller(
            owner=asked.owner,
            authenticated=AUTHENTICATED[asked.owner],
            connection=asked.connection,
        )
        return self.restartable.call(
            tool,
            caller,
            session_id=asked.session_id,
            notebook_path=asked.notebook_path,
            **arguments,
        )


class HistoriesInFile(Histories):
    """The same on a store that outlives the process."""

    persists = True

    def store(self) -> Store:
        return SqliteStore(StateFile(Path(self.folder.name) / "state.db"))


BOUNDS = settings(
    max_examples=amount(fast=10, all=50),
    stateful_step_count=amount(fast=25, all=40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestInMemory = Histories.TestCase
TestInMemory.settings = BOUNDS
TestInFile = HistoriesInFile.TestCase
TestInFile.settings = BOUNDS
