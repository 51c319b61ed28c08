"""Jupyter's own checkpoints of notebooks, wherever the contents manager is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from jmcp.core.ports import Checkpoint


class CheckpointStore(Protocol):
    """The checkpoints of one contents manager."""

    async def checkpoints(self, path: str) -> Sequence[Checkpoint]:
        """Those of a notebook, the latest first. Raises NotebookMissing."""

    async def create_checkpoint(self, path: str) -> Checkpoint:
        """Keep the notebook's file as it is. Raises WriteRefused."""

    async def checkpoint(self, path: str, checkpoint_id: str) -> dict[str, Any] | None:
        """The content of a checkpoint; None where Jupyter shows it only in place of the file.

        Raises NotebookBroken."""

    async def restore_checkpoint(self, path: str, checkpoint_id: str) -> None:
        """Have the file be as in the checkpoint. Raises WriteRefused."""


def sorted_checkpoints(models: Sequence[Mapping[str, Any]]) -> list[Checkpoint]:
    """Jupyter's models of checkpoints, the latest first."""
    found = [checkpoint_of(model) for model in models]
    return sorted(found, key=lambda one: one.last_modified, reverse=True)


def checkpoint_of(model: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(checkpoint_id=str(model["id"]), last_modified=_iso(model["last_modified"]))


def _iso(moment: Any) -> str:
    """A time as Jupyter has it, as ISO 8601 in UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return str(moment.astimezone(UTC).isoformat(timespec="seconds"))
