"""Records as JSON: explicit, versioned, and read again by older and newer versions of jmcp.

Fields that a version does not know are skipped, fields that it misses have their defaults. Only a
change of meaning counts the version up; a record from a later one is no record.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from jmcp.core.ports import NotebookRef, Request
from jmcp.core.sessions.records import HeldNotebook, Pause, PendingRun, SessionRecord

VERSION = 1
log = logging.getLogger("jmcp")
T = TypeVar("T")


def encode_session(record: SessionRecord) -> str:
    """All but owner, id and last access, which stores keep beside it."""
    return _dump(
        created=record.created,
        connection=record.connection,
        current=record.current,
        **_marks(record),
        notebooks=[
            {
                "key": held.ref.key,
                "path": held.ref.path,
                "name": held.name,
                "kernel_id": held.kernel_id,
                "kernel_name": held.kernel_name,
                "generation": held.generation,
                "counted_by": held.counted_by,
                "process": held.process,
                "untold": held.pending_notice,
                "started_kernel": held.started_kernel,
                "private": held.private,
                "auto_heal": held.auto_heal,
                "seen": held.seen,
                "places": held.places,
                "opened": held.opened,
            }
            for held in record.notebooks.values()
        ],
    )


def _marks(record: SessionRecord) -> dict[str, Any]:
    """What few sessions have, and only these store."""
    marks: dict[str, Any] = {}
    if record.paused is not None:
        marks["paused"] = {"at": record.paused.at, "client": record.paused.client}
    if record.resumed:
        marks["resumed"] = True
    if record.of_page:
        marks["of_page"] = True
    return marks


def decode_session(
    owner: str, session_id: str, last_accessed: float, text: str
) -> SessionRecord | None:
    """The record, or None when it cannot be read, which is logged."""

    def build(data: dict[str, Any]) -> SessionRecord:
        held = [_held(row) for row in data["notebooks"]]
        return SessionRecord(
            owner=owner,
            session_id=session_id,
            created=data["created"],
            last_accessed=last_accessed,
            connection=data.get("connection"),
            current=data.get("current"),
            notebooks={notebook.ref.key: notebook for notebook in held},
            paused=_pause(data.get("paused")),
            resumed=data.get("resumed", False),
            of_page=data.get("of_page", False),
        )

    return _load("session", text, build)


def _pause(data: dict[str, Any] | None) -> Pause | None:
    return None if data is None else Pause(at=data["at"], client=data.get("client"))


def _held(row: dict[str, Any]) -> HeldNotebook:
    return HeldNotebook(
        ref=NotebookRef(key=row["key"], path=row["path"]),
        name=row["name"],
        kernel_id=row.get("kernel_id"),
        kernel_name=row.get("kernel_name"),
        generation=row.get("generation"),
        counted_by=row.get("counted_by"),
        process=row.get("process"),
        pending_notice=row.get("untold"),
        started_kernel=row.get("started_kernel", False),
        private=row.get("private", False),
        auto_heal=row.get("auto_heal", True),
        seen=row.get("seen", ""),
        places=row.get("places", ""),
        opened=row.get("opened", 0.0),
    )


def encode_run(run: PendingRun) -> str:
    return _dump(
        execution_id=run.execution_id,
        owner=run.owner,
        session_id=run.session_id,
        notebook={"key": run.notebook.key, "path": run.notebook.path},
        cell_id=run.cell_id,
        kernel_id=run.request.kernel_id,
        channel=run.request.channel,
        message_id=run.request.message_id,
        heard=run.request.heard,
        began=run.began,
        timeout=run.timeout,
        displays=run.displays,
        settled=run.settled,
    )


def decode_run(text: str) -> PendingRun | None:
    """The run, or None when it cannot be read, which is logged."""

    def build(data: dict[str, Any]) -> PendingRun:
        notebook = data["notebook"]
        return PendingRun(
            execution_id=data["execution_id"],
            owner=data["owner"],
            session_id=data["session_id"],
            notebook=NotebookRef(key=notebook["key"], path=notebook["path"]),
            cell_id=data.get("cell_id"),
            request=Request(
                kernel_id=data["kernel_id"],
                channel=data["channel"],
                message_id=data["message_id"],
                heard=data.get("heard"),
            ),
            began=data["began"],
            timeout=data.get("timeout", 0),
            displays={key: tuple(at) for key, at in data.get("displays", {}).items()},
            settled=data.get("settled", False),
        )

    return _load("run", text, build)


def _dump(**fields: Any) -> str:
    return json.dumps({"v": VERSION, **fields}, separators=(",", ":"))


def _load(kind: str, text: str, build: Callable[[dict[str, Any]], T]) -> T | None:
    try:
        data = json.loads(text)
        if data["v"] > VERSION:
            log.warning("A %s record of a later version of jmcp is left alone.", kind)
            return None
        return build(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Never the text: it holds session ids.
        log.warning("A %s record cannot be read (%s): skipped.", kind, type(error).__name__)
        return None
