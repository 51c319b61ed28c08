"""Entries of the change journal as JSON, read again by older and newer versions of jmcp.

Fields that a version does not know are skipped. The notebook's key, the number, the state and the
time are columns of their own.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from jmcp.core.journal.entries import Author, Entry, State

log = logging.getLogger("jmcp")


def encode_entry(entry: Entry) -> str:
    return json.dumps(
        {
            "v": 1,
            "path": entry.path,
            "change": entry.change,
            "cell_id": entry.cell_id,
            "cell_type": entry.cell_type,
            "index": entry.index,
            "to": entry.to,
            "count": entry.count,
            "before": entry.before,
            "after": entry.after,
            "was": entry.was,
            "now": entry.now,
            **_given(
                rest=entry.rest,
                left_out=entry.left_out,
                change_id=entry.change_id,
                part=entry.part,
                undoes=entry.undoes,
                reverts=[*entry.reverts],
                accepted=entry.accepted,
            ),
            "author": [entry.author.owner, entry.author.session],
            "server_session": entry.server_session,
            "loaded": entry.loaded,
            "process": entry.process,
        },
        separators=(",", ":"),
    )


def decode_entries(rows: Sequence[tuple[Any, ...]]) -> list[Entry]:
    """The entries of rows (number, key, state, time, JSON). One that cannot be read is left out,
    which is logged."""
    found = []
    for number, key, state, at, text in rows:
        try:
            found.append(_load(number, key, state, at, json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            log.warning(
                "An entry of the change journal cannot be read (%s): skipped.", type(error).__name__
            )
    return found


def _load(number: int, key: str, state: State, at: float, data: dict[str, Any]) -> Entry:
    owner, session = data["author"]
    return Entry(
        number=number,
        key=key,
        path=data["path"],
        change=data["change"],
        state=state,
        cell_id=data.get("cell_id"),
        cell_type=data.get("cell_type"),
        index=data["index"],
        to=data.get("to"),
        count=data["count"],
        before=data.get("before"),
        after=data.get("after"),
        was=_pair(data["was"]),
        now=_pair(data["now"]),
        rest=data.get("rest"),
        left_out=data.get("left_out", 0),
        change_id=data.get("change_id", ""),
        part=data.get("part", 0),
        undoes=data.get("undoes"),
        reverts=tuple(data.get("reverts", ())),
        accepted=data.get("accepted"),
        author=Author(owner=owner, session=session),
        at=at,
        server_session=data["server_session"],
        loaded=data["loaded"],
        process=data["process"],
    )


def _given(**fields: str | int | list[int] | None) -> dict[str, str | int | list[int]]:
    """The fields that hold something: most entries have few of them."""
    return {name: value for name, value in fields.items() if value}


def _pair(value: Sequence[str | None]) -> tuple[str | None, str | None]:
    first, second = value
    return first, second
