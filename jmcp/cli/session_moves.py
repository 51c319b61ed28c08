"""`jmcp sessions migrate`, `backup` and `restore`: what is kept of a place, moved and copied."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmcp.core.errors import ServeError
from jmcp.options.sources import has_password

if TYPE_CHECKING:
    from jmcp.core.stores.migration import Migration
    from jmcp.state.backup import Contents

SQLITE, REDIS = "sqlite", "redis"
MOVES = {
    "migrate": "move all sessions from one store to another: sqlite to redis, or back",
    "backup": "copy the state (sessions in SQLite, unfinished runs, the journal) to a file, also while "
    "a server uses it",
    "restore": "put such a copy back, while no server runs; what was there is set aside",
}
STORE_HELP = (
    "sqlite, redis (its address is then the option or variable store), or redis://HOST:6379/0"
)


def add_arguments(action: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of one of MOVES, beside the place."""
    if name == "migrate":
        action.add_argument("source", metavar="FROM", help=STORE_HELP)
        action.add_argument("target", metavar="TO", help="likewise")
        action.add_argument("--dry-run", action="store_true", help="say what would be done")
        action.add_argument("--keep", action="store_true", help="leave them in FROM as well")
    else:
        action.add_argument("file", metavar="FILE", type=Path, help="the copy")


def run(
    arguments: argparse.Namespace, place: str, values: dict[str, Any], say: Callable[[str], None]
) -> None:
    """Run one of MOVES. Raises ServeError, StateUnavailable."""
    # Imported here, so that other commands do not wait for its imports.
    from jmcp.state.backup import back_up, restore
    from jmcp.state.folder import state_folder

    folder = state_folder(place)
    if arguments.action == "migrate":
        moved = asyncio.run(_migrate(arguments, place, values))
        _say_migration(arguments, moved, say)
    elif arguments.action == "backup":
        found = back_up(folder, arguments.file)
        _say_contents(arguments, found, f"Copied {_count(found)} to {arguments.file}.", say)
        if values["store"] not in (SQLITE, "memory") and not arguments.json:
            say("The sessions themselves are in Redis: back that up by its own means.")
    else:
        found, aside = restore(arguments.file, folder, place)
        before = f" What was there is {aside} now." if aside is not None else ""
        _say_contents(arguments, found, f"Restored {_count(found)}.{before}", say)


async def _migrate(arguments: argparse.Namespace, place: str, values: dict[str, Any]) -> Migration:
    from jmcp.core.stores.migration import migrate
    from jmcp.state.backup import hold
    from jmcp.state.folder import state_folder
    from jmcp.state.session_file import open_session_file

    source, target = (_store(one, values["store"]) for one in (arguments.source, arguments.target))
    if source == target:
        raise ServeError("FROM and TO are the same store")
    hours, folder = values["session_hours"], state_folder(place)
    with ExitStack() as held:
        if folder.exists() or not arguments.dry_run:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            held.callback(hold(folder, place).close)
        before = open_session_file(place, source, hours)
        try:
            after = open_session_file(place, target, hours, create=not arguments.dry_run)
            try:
                return await migrate(
                    before.store, after.store, keep=arguments.keep, dry_run=arguments.dry_run
                )
            finally:
                await after.close()
        finally:
            await before.close()


def _store(given: str, configured: str) -> str:
    """The store that an argument means. Raises ServeError."""
    if given == SQLITE:
        return given
    if given == REDIS:
        if configured in (SQLITE, "memory"):
            raise ServeError(
                "which Redis? Give its address as the variable JMCP_STORE, or as redis://HOST:6379/0"
            )
        return configured
    if has_password(given):
        raise ServeError(
            "the address holds a password, and others of this machine can read the arguments of its "
            "processes: give it as the variable JMCP_STORE, and say redis here"
        )
    if "://" in given:
        return given
    raise ServeError(f"{given!r} is no store to migrate; give sqlite, redis or redis://HOST:6379/0")


def _say_migration(
    arguments: argparse.Namespace, done: Migration, say: Callable[[str], None]
) -> None:
    if arguments.json:
        say(json.dumps({"dry_run": arguments.dry_run, **asdict(done)}, indent=2))
    else:
        for line in _lines(arguments, done):
            say(line)
    if done.lost:
        raise ServeError(
            f"{done.lost} of {done.found} sessions could not be read back from {_named(arguments.target)}; "
            "nothing was removed. Is its memory full? Then migrate again"
        )
    if done.changed:
        raise ServeError(
            f"{done.changed} sessions were used in {_named(arguments.source)} meanwhile and are still "
            "there: a server somewhere uses that store; stop it and migrate again"
        )


def _lines(arguments: argparse.Namespace, done: Migration) -> list[str]:
    source, target = _named(arguments.source), _named(arguments.target)
    if not done.found and not done.unreadable:
        return [f"There are no sessions in {source}."]
    would = "would be " if arguments.dry_run else ""
    lines = [f"{done.found} sessions in {source}:"]
    lines += [
        f"  {count} {what}"
        for count, what in (
            (done.copied, f"{would}copied to {target}"),
            (done.replaced, f"{would}replaced there, which were older"),
            (done.there, "were there already"),
            (done.newer, "were used there since, and stay as they are there"),
        )
        if count
    ]
    if done.unreadable:
        lines.append(f"{done.unreadable} more cannot be read by this version of jmcp, and stay.")
    if done.removed:
        lines.append(
            f"All of them were read back from {target}; {done.removed} removed from {source}."
        )
    elif arguments.keep and not arguments.dry_run and not done.lost:
        lines.append(f"All of them were read back from {target}; they stay in {source} too.")
    lines.append("Unfinished runs and the journal stay in the state file, whichever store is used.")
    return lines


def _named(store: str) -> str:
    """A store, without a password that its address may have."""
    from jmcp.state.folder import without_password

    return "SQLite" if store == SQLITE else "Redis" if store == REDIS else without_password(store)


def _say_contents(
    arguments: argparse.Namespace, found: Contents, line: str, say: Callable[[str], None]
) -> None:
    say(json.dumps(asdict(found), indent=2) if arguments.json else line)


def _count(found: Contents) -> str:
    return (
        f"{found.sessions} sessions, {found.runs} unfinished runs and {found.changes} journaled changes "
        f"({found.unsaved} of them not in their files)"
    )
