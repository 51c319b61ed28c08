"""What calls change of a session's record: notebooks added, altered, renamed and released."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.records import HeldNotebook, SessionRecord


def added(held: HeldNotebook, record: SessionRecord) -> SessionRecord:
    """The record with that notebook, which is current from now on."""
    known = record.notebooks.get(held.ref.key)
    if known is not None:  # other calls may know more of its kernel and its cells by now
        held = replace(
            known,
            ref=held.ref,
            name=held.name,
            kernel_name=held.kernel_name,
            auto_heal=held.auto_heal,
        )
    return replace(record, notebooks={**record.notebooks, held.ref.key: held}, current=held.ref.key)


def altered(
    key: str, change: Callable[[HeldNotebook], HeldNotebook], record: SessionRecord
) -> SessionRecord:
    """The record with one notebook changed, if the session holds it."""
    held = record.notebooks.get(key)
    if held is None:
        return record
    return replace(record, notebooks={**record.notebooks, key: change(held)})


def renamed(ref: NotebookRef, held: HeldNotebook) -> HeldNotebook:
    """The notebook under its new path."""
    return replace(held, ref=ref)


def released(key: str, record: SessionRecord) -> SessionRecord:
    """The record without that notebook; the one that was opened last is current, if that was."""
    notebooks = {other: held for other, held in record.notebooks.items() if other != key}
    current = record.current if record.current in notebooks else next(reversed(notebooks), None)
    return replace(record, notebooks=notebooks, current=current)
