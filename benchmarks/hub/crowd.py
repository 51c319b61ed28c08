"""Many users at once, each with a notebook of the same name: whose cells each of them gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import limits
from benchmarks.clients.load import WrongResult, load, prepare
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, spread
from benchmarks.hub.platform import Platform

CALLS = 2_000
AT_MOST_SECONDS = 120.0


@dataclass(kw_only=True)
class Reader:
    """Reads its own cell, and knows it."""

    client: ModernClient
    name: str
    arguments: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        opened = self.client.call("use_notebook", notebook_path="crowd.ipynb", mode="create")
        session = str(opened["session_id"])
        made = self.client.call(
            "insert_cell",
            session_id=session,
            cell_index=0,
            cell_type="code",
            cell_source=f"whose = '{self.name}'",
        )
        self.arguments = {"session_id": session, "cell_id": str(made["cell_id"])}

    def act(self, number: int) -> str:
        read = self.client.call("read_cell", **self.arguments)
        if f"'{self.name}'" not in str(read):
            raise WrongResult(str(read))
        return "read_cell"


def crowd(platform: Platform, users: Sequence[tuple[str, str]]) -> list[Figure]:
    """So many calls in all. `users` are names and tokens."""
    readers = [Reader(client=platform.through_gateway(token), name=name) for name, token in users]
    try:
        prepare(readers)
        result = load(readers, AT_MOST_SECONDS, CALLS // len(readers))
    finally:
        for reader in readers:
            reader.client.close()
    title = f"{len(readers)} users at once, {result.count:,} calls"
    return [
        Figure(
            name=f"{title}: wrong or missing results",
            value=result.count - result.right,
            unit="",
            limit=limits.WRONG_RESULTS,
            note=result.note,
        ),
        Figure(
            name=f"{title}: calls",
            value=result.per_second,
            unit="/s",
            note=spread(result.milliseconds["read_cell"]),
        ),
    ]
