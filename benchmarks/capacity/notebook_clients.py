"""What the clients of a load do: they edit and read, or run code, in jmcp or in the peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clients.load import WrongResult
from benchmarks.clients.mcp import ModernClient
from benchmarks.notebooks import write_notebook

CELLS = 3
CALL_SECONDS = 30.0
"""More than a call may take that waits for all the others."""


class NotebookClient:
    """A client with a notebook of its own, which it opens first."""

    def __init__(self, client: ModernClient, number: int) -> None:
        self.client = client
        self.number = number
        self.path = f"client{number}.ipynb"
        self.session = ""
        self.cells = CELLS

    def prepare(self) -> None:
        self.session = self.client.call("use_notebook", notebook_path=self.path)["session_id"]

    def act(self, number: int) -> str:
        raise NotImplementedError

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool call in its notebook. Raises WrongResult if the result is of another one."""
        result = self.client.call(tool, session_id=self.session, **arguments)
        # A session of one notebook does not say which.
        if result.get("notebook_path", self.path) != self.path:
            raise WrongResult
        return result

    def leave(self) -> None:
        self.client.call("unuse_notebook", session_id=self.session, kernel="stop")


class Inserter(NotebookClient):
    """Inserts a cell, reads it, inserts the next one ..."""

    def act(self, number: int) -> str:
        source = f"value = '{self.number} {number // 2}'"
        if number % 2 == 0:
            self.insert(source)
            return "insert"
        if self.read(self.cells - 1) != source:
            raise WrongResult
        return "read"

    def insert(self, source: str) -> None:
        self.call("insert_cell", cell_index=-1, cell_type="code", cell_source=source)
        self.cells += 1

    def read(self, index: int) -> object:
        return self.call("read_cell", cell_index=index)["source"]


class Overwriter(NotebookClient):
    """Overwrites a cell, reads it, overwrites it again ..."""

    def act(self, number: int) -> str:
        source = f"value = '{self.number} {number // 2}'"
        if number % 2 == 0:
            self.call("overwrite_cell_source", cell_index=0, cell_source=source)
            return "edit"
        if self.call("read_cell", cell_index=0)["source"] != source:
            raise WrongResult
        return "read"


class Runner(NotebookClient):
    """Runs code in a new cell each time; its kernel alone knows what that prints."""

    def prepare(self) -> None:
        super().prepare()
        self.run(f"mine = 'client {self.number}'")

    def act(self, number: int) -> str:
        result = self.run(f"print(mine, {number})")
        printed = [output.get("text") for output in result["outputs"]]
        if printed != [f"client {self.number} {number}\n"]:
            raise WrongResult
        return "run"

    def run(self, code: str) -> dict[str, Any]:
        return self.call("insert_execute_code_cell", cell_index=-1, cell_source=code)


class PeerInserter(Inserter):
    """The same in the peer, whose cell tools take the notebook's name."""

    def prepare(self) -> None:
        activate(self.client, self.path)

    def insert(self, source: str) -> None:
        self.client.call(
            "insert_cell",
            notebook_name=self.path,
            cell_index=-1,
            cell_type="code",
            cell_source=source,
        )
        self.cells += 1

    def read(self, index: int) -> object:
        result = self.client.call("read_cell", notebook_name=self.path, cell_index=index)
        # Its answer is text with the source in it.
        wanted = f"value = '{self.number} {(index - CELLS)}'"
        return wanted if wanted in str(result) else str(result)


class PeerRunner(Runner):
    """The same in the peer, whose tools run code in the notebook that any client activated last."""

    def prepare(self) -> None:
        activate(self.client, self.path)
        self.run(f"mine = 'client {self.number}'")

    def act(self, number: int) -> str:
        activate(self.client, self.path)
        if f"client {self.number} {number}" not in str(self.run(f"print(mine, {number})")):
            raise WrongResult
        return "run"

    def run(self, code: str) -> dict[str, Any]:
        try:
            return self.client.call("insert_execute_code_cell", cell_index=-1, cell_source=code)
        except OSError:  # some of its runs never end
            self.client.reconnect()
            raise


def activate(client: ModernClient, path: str) -> None:
    """Make a notebook the peer's current one."""
    client.call("use_notebook", notebook_name=path, notebook_path=path, mode="connect")


Make = Callable[[ModernClient, int], NotebookClient]


@contextmanager
def clients(
    make: Make, url: str, token: str, root: Path, numbers: range
) -> Iterator[Sequence[NotebookClient]]:
    """Clients of one kind, each with its connection and its notebook."""
    with ExitStack() as stack:
        made = []
        for number in numbers:
            client = stack.enter_context(ModernClient(url, token, seconds=CALL_SECONDS))
            made.append(make(client, number))
            write_notebook(root / made[-1].path, CELLS)
        yield made
