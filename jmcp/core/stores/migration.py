"""Moving session records from one store to another: safe to repeat, whatever it was ended by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from jmcp.core.sessions.records import SessionRecord, Store

ALL = float("inf")


@dataclass(slots=True, kw_only=True)
class Migration:
    """What was done with the records of a source, or would be.

    `copied` the target did not have, `replaced` it had older, `there` it had already, `newer` it has
    as somebody has used them since. `unreadable` this version of jmcp cannot read; they stay. `lost` the target did not
    give back: then nothing is removed. `removed` are gone from the source; `changed` somebody changed
    there meanwhile, so they stay.
    """

    found: int = 0
    copied: int = 0
    replaced: int = 0
    there: int = 0
    newer: int = 0
    unreadable: int = 0
    lost: int = 0
    removed: int = 0
    changed: int = 0


async def migrate(source: Store, target: Store, *, keep: bool, dry_run: bool) -> Migration:
    """Copy the records of all owners, read each back, and only then remove them from the source,
    unless they are to `keep`. Their last access is kept, and so is the moment at which they expire.

    A record that the target has newer stays as it is there. The runs and the change journal are not
    in a store of sessions alone, and stay where they are. Raises StateUnavailable: to migrate again goes on
    where this ended.
    """
    count = await source.count(-ALL)
    records = await source.idle_since(ALL)
    done = Migration(found=len(records), unreadable=max(0, count - len(records)))
    for record in records:
        await _copy(record, target, done, dry_run=dry_run)
    if dry_run:
        return done
    for record in records:
        there = await target.get(record.owner, record.session_id)
        if there is None or (there != record and there.last_accessed < record.last_accessed):
            done.lost += 1
    if not keep and not done.lost:
        await _remove(records, source, done)
    return done


async def _copy(record: SessionRecord, target: Store, done: Migration, *, dry_run: bool) -> None:
    there = await target.get(record.owner, record.session_id)
    if there == record:
        done.there += 1
    elif there is None:
        if not dry_run:
            await target.add(record)  # False where somebody was faster, whose record is newer
        done.copied += 1
    elif there.last_accessed >= record.last_accessed:
        done.newer += 1
    else:
        if not dry_run:
            await target.change(record.owner, record.session_id, partial(_later, record))
        done.replaced += 1


def _later(copied: SessionRecord, there: SessionRecord) -> SessionRecord:
    return there if there.last_accessed >= copied.last_accessed else copied


def _unless_changed(copied: SessionRecord, there: SessionRecord) -> SessionRecord | None:
    """None, so that the record is removed, if it is still the one that was copied."""
    return None if there == copied else there


async def _remove(records: Sequence[SessionRecord], source: Store, done: Migration) -> None:
    for record in records:
        owner, session_id = record.owner, record.session_id
        ended = await source.change(owner, session_id, partial(_unless_changed, record))
        if ended is None or ended[1] is None:
            done.removed += 1
        else:
            done.changed += 1
