"""The kinds of hostile input: what is made ready for each, and the calls that bring it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clients.mcp import ModernClient
from benchmarks.hostile.notebooks import code_cell, notebook, write

Act = Callable[[], object]
"""The calls that are made while somebody else pings."""

ENDLESS_SECONDS = 5
"""So long a run goes on that never ends by itself; what is kept of it is full before."""
RUN_SECONDS = 60
SAVED_SECONDS = 3.0
"""After so long a change is in the file: jmcp saves within a second."""
RECOVERED_CELLS = 20
REQUESTS = 5
"""One may be over before the next ping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """The server, and a client of it that sends what nobody should."""

    client: ModernClient
    root: Path
    name: str
    """Of the notebook, another one for each input: what is left of it could meet the next one."""

    def refused(self, tool: str, **arguments: Any) -> str:
        """A call that may be refused; returns the error's text, empty without one."""
        try:
            self.client.call(tool, **arguments)
        except RuntimeError as error:
            return str(error)
        return ""

    def write(self, content: Any) -> None:
        write(self.root / self.name, content)

    def opened(self, content: Any) -> str:
        """A session with the notebook of that content."""
        self.write(content)
        session: str = self.client.call("use_notebook", notebook_path=self.name)["session_id"]
        return session

    def raw(self, body: bytes, tool: str) -> None:
        """A request to call a tool, whose bytes nothing has looked at."""
        self.client.send(
            "POST", self.client.path, self.client.headers("tools/call", {"name": tool}), body
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileInput:
    """`prepare` comes before the pings. `limited`: what others wait has the limit."""

    name: str
    prepare: Callable[[Victim], Act]
    limited: bool = True


def source(name: str, before: str, after: str) -> HostileInput:
    """A cell of one source that is overwritten with another, read and written back."""

    def prepare(victim: Victim) -> Act:
        session = victim.opened(notebook(code_cell(before)))

        def act() -> None:
            for text in (after, before):
                victim.client.call("read_cell", session_id=session, cell_index=0)
                victim.client.call(
                    "overwrite_cell_source", session_id=session, cell_index=0, cell_source=text
                )
            # Somebody else changes it, which is told with a diff.
            other = victim.client.call("use_notebook", notebook_path=victim.name)["session_id"]
            victim.client.call(
                "overwrite_cell_source",
                session_id=other,
                cell_index=0,
                cell_source=after,
                force=True,
            )
            victim.refused(
                "overwrite_cell_source", session_id=session, cell_index=0, cell_source=before
            )
            victim.client.call("unuse_notebook", session_id=other)

        return _released(victim, session, act)

    return HostileInput(name=name, prepare=prepare)


def replacement(name: str, before: str, old: str, new: str) -> HostileInput:
    """edit_cell_source with replace_all."""

    def prepare(victim: Victim) -> Act:
        session = victim.opened(notebook(code_cell(before)))
        edit = {"session_id": session, "cell_index": 0, "replace_all": True}
        return _released(
            victim,
            session,
            lambda: victim.refused("edit_cell_source", old_string=old, new_string=new, **edit),
        )

    return HostileInput(name=name, prepare=prepare)


def run(name: str, code: str, *, endless: bool = False) -> HostileInput:
    """Code that is run in a cell and read back; what never ends is interrupted."""

    def prepare(victim: Victim) -> Act:
        session = victim.opened(notebook(code_cell("pass"), code_cell(code, cell_id="c1")))
        victim.client.call("execute_cell", session_id=session, cell_index=0)  # the kernel is up

        def act() -> None:
            wait = ENDLESS_SECONDS if endless else RUN_SECONDS
            victim.client.call("execute_cell", session_id=session, cell_index=1, wait=wait)
            if endless:
                victim.client.call("interrupt_kernel", session_id=session)
                victim.client.call("execute_code", session_id=session, code="1")
            victim.client.call("read_cell", session_id=session, cell_index=1)
            # An open tab and the file have it too, which takes a while.
            time.sleep(SAVED_SECONDS)

        return _released(victim, session, act, kernel=True)

    return HostileInput(name=name, prepare=prepare)


def opened(name: str, content: Callable[[], Any], *, limited: bool = True) -> HostileInput:
    """A notebook that is opened, listed, read, edited and saved, as far as that goes."""

    def prepare(victim: Victim) -> Act:
        victim.write(content())

        def act() -> None:
            try:
                session = victim.client.call("use_notebook", notebook_path=victim.name)[
                    "session_id"
                ]
            except RuntimeError:
                return
            victim.refused(
                "read_notebook", session_id=session, response_format="detailed", limit=1000
            )
            victim.refused("read_cell", session_id=session, cell_index=0)
            victim.refused(
                "insert_cell", session_id=session, cell_index=1, cell_type="code", cell_source="1"
            )
            victim.refused("move_cell", session_id=session, cell_index=0, target_index=-1)
            victim.refused("delete_cell", session_id=session, cell_indices=[0])
            time.sleep(SAVED_SECONDS)
            victim.refused("unuse_notebook", session_id=session)

        return act

    return HostileInput(name=name, prepare=prepare, limited=limited)


def searched(name: str, text: str, pattern: str) -> HostileInput:
    """A regular expression that is looked for in the source of a cell."""

    def prepare(victim: Victim) -> Act:
        session = victim.opened(notebook(code_cell(text)))
        search = {"session_id": session, "pattern": pattern, "regex": True}
        return _released(victim, session, lambda: victim.refused("search_notebook", **search))

    return HostileInput(name=name, prepare=prepare)


def body(name: str, data: Callable[[str], bytes], tool: str = "read_cell") -> HostileInput:
    """A request of these bytes, which the id of a session goes into."""

    def prepare(victim: Victim) -> Act:
        session = victim.opened(notebook(code_cell()))
        request = data(session)

        def act() -> None:
            for _ in range(REQUESTS):
                victim.raw(request, tool)

        return _released(victim, session, act)

    return HostileInput(name=name, prepare=prepare)


def recovery(name: str, before: str, after: str) -> HostileInput:
    """A file that is replaced by others just after a call changed its cell."""

    def prepare(victim: Victim) -> Act:
        cells = [code_cell(before, cell_id=f"c{number}") for number in range(RECOVERED_CELLS)]
        session = victim.opened(notebook(*cells))

        def act() -> None:
            for number in range(RECOVERED_CELLS):
                victim.client.call(
                    "overwrite_cell_source",
                    session_id=session,
                    cell_index=number,
                    cell_source=after,
                )
            others = [
                code_cell(before[::-1], cell_id=f"c{number}") for number in range(RECOVERED_CELLS)
            ]
            victim.write(notebook(*others))
            until = time.monotonic() + 2 * SAVED_SECONDS
            while time.monotonic() < until:
                victim.refused("read_notebook", session_id=session)
                time.sleep(0.5)

        return _released(victim, session, act)

    return HostileInput(name=name, prepare=prepare)


def _released(victim: Victim, session: str, act: Act, *, kernel: bool = False) -> Act:
    def whole() -> None:
        act()
        release = {"kernel": "stop"} if kernel else {}
        victim.refused("unuse_notebook", session_id=session, **release)

    return whole
