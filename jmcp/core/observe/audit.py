"""The audit log: a line of JSON for each call and each event of a session."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jmcp.core.calls.tables import column
from jmcp.core.observe.events import CallEvent, SessionEvent, masked

MODE = 0o600
OPENED = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
"""Flags with which the file is opened: to append, whoever else writes; and a pipe that nobody reads
is an error, never a wait."""

CONTENT_CHARACTERS = 64 * 1024
"""Characters of a call's arguments that are kept, and as many of its result, where content is kept.
"""

CELLS = 100
"""Cell ids that are logged of one call; a longer batch is identified by its execution."""

SESSION = "session_id"
"""The name of the argument that is masked wherever it occurs, even where content is kept; so is that
of another session, whose name ends in it."""

log = logging.getLogger("jmcp")


class AuditLog:
    """Appends to one file, which others may rotate: a new one is opened when it is another file.

    A line is one write in the caller's thread, for about 20 µs: it goes to the page cache, not to
    the disk. What cannot be written is logged once, counted, and said in the file when it can be
    written to again; no call fails for it.
    """

    def __init__(self, path: Path, *, content: bool = False) -> None:
        self._path = path
        self._content = content
        self._file: int | None = None
        self._inode: tuple[int, int] | None = None
        self._lost = 0
        self._torn = False

    def on_call(self, call: CallEvent) -> None:
        entry: dict[str, Any] = {
            "event": "call",
            "principal": call.owner,
            **({} if call.user is None else {"user": call.user}),
            "request_id": call.request_id,
            "session": call.session or _named(call.arguments.get(SESSION)),
            "tool": call.tool,
            "notebook": call.notebook_path or _text(call.arguments.get("notebook_path")),
            "cells": cell_ids(call),
            "outcome": call.outcome,
            "seconds": round(call.seconds, 6),
        }
        if self._content:
            entry["arguments"] = bounded(call.arguments)
            entry["result"] = None if call.result is None else bounded(call.result)
        self._append(call.began, entry)

    def on_session_event(self, event: SessionEvent) -> None:
        entry = {
            "event": event.what,
            "principal": event.owner,
            "session": event.session,
            "details": bounded(event.details),
        }
        self._append(datetime.now(UTC).timestamp(), entry)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, when: float, entry: dict[str, Any]) -> None:
        lines = _line(when, entry)
        if self._lost:
            lines = _line(when, {"event": "lines_lost", "lines": self._lost}) + lines
        problem = self._write(b"\n" + lines if self._torn else lines)
        if problem is not None:
            if not self._lost:
                log.error("The audit log %s cannot be written: %s", self._path, problem)
            self._lost += 1
            return
        if self._lost:
            log.warning("The audit log is written again; it lacks %d lines", self._lost)
        self._lost, self._torn = 0, False

    def _write(self, data: bytes) -> str | None:
        """Append the line. Returns None if all of it was written, else why not."""
        try:
            written = os.write(self._opened(), data)
        except OSError as error:
            return error.strerror or type(error).__name__
        if written == len(data):
            return None
        # A full disk takes a part. What follows must not be glued to it.
        self._torn = True
        return "only a part of a line was written"

    def _opened(self) -> int:
        try:
            status = os.stat(self._path)
            inode = (status.st_dev, status.st_ino)
        except FileNotFoundError:
            inode = None
        if self._file is None or inode is None or inode != self._inode:
            self.close()
            self._file = os.open(self._path, OPENED, MODE)
            status = os.fstat(self._file)
            self._inode = (status.st_dev, status.st_ino)
        return self._file


def cell_ids(call: CallEvent) -> list[str]:
    """The cells that a call named and those that its result is about, without repetition."""
    found: dict[str, None] = {}
    for data in (call.arguments, call.result or {}):
        for name in _ids(data):
            found.setdefault(name)
            if len(found) == CELLS:
                return list(found)
    return list(found)


def _ids(data: Mapping[str, Any]) -> Iterator[str]:
    for key in ("cell_id", "start_cell_id", "after_cell_id"):
        if isinstance(name := data.get(key), str):
            yield _text(name) or ""
    for key in ("cell_ids", "deleted"):
        rows = data.get(key)
        for row in rows if isinstance(rows, list) else ():
            name = row.get("cell_id") if isinstance(row, dict) else row
            if isinstance(name, str):
                yield _text(name) or ""
    batch = data.get("batch")
    for name in column(batch.get("cells"), "cell_id") if isinstance(batch, dict) else ():
        if isinstance(name, str):
            yield _text(name) or ""


def bounded(data: Mapping[str, Any], characters: int = CONTENT_CHARACTERS) -> Any:
    """The data with session ids masked; if it is longer, the beginning of its JSON."""
    try:
        ids = [one for name, one in data.items() if _is_session(name) and isinstance(one, str)]
        text = json.dumps(_unnamed(data, [one for one in ids if one]), default=str)
    except RecursionError:
        return {"cut": "", "characters": None}
    if len(text) > characters:
        return {"cut": text[:characters], "characters": len(text)}
    return json.loads(text, parse_constant=str)  # NaN is not JSON, and callers may send it


def _unnamed(value: Any, ids: Sequence[str]) -> Any:
    """The value with every session id masked: under its own name, and those of the call in any text."""
    if isinstance(value, Mapping):
        return {
            name: _named(one) if _is_session(name) else _unnamed(one, ids)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_unnamed(one, ids) for one in value]
    if isinstance(value, str):
        for session_id in ids:
            value = value.replace(session_id, masked(session_id))
    return value


def _is_session(name: Any) -> bool:
    return isinstance(name, str) and name.endswith(SESSION)


def _named(session_id: Any) -> str | None:
    return masked(session_id) if isinstance(session_id, str) else None


def _text(value: Any) -> str | None:
    """A name as the caller gave it: not checked yet, so it may be anything, and long."""
    return value[:256] if isinstance(value, str) else None


def _line(when: float, entry: dict[str, Any]) -> bytes:
    stamp = datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
    # ASCII only: nothing in a name can break a line or a terminal.
    return json.dumps({"when": stamp, **entry}, default=str).encode() + b"\n"
