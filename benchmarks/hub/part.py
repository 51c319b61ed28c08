"""The part `hub` of `make bench`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.hub import calls, cold, crowd, known
from benchmarks.hub.platform import platform

USERS = 20


def figures(base: Path) -> list[Figure]:
    """One Hub for all: first a user alone, then all at once, then those that are only known."""
    with platform(base) as made:
        first = made.user("first")
        found = [cold.one(made, "first", first)]
        made.start_server("first", first)
        found += [*calls.added(made, "first", first), *cold.restart(made, first)]
        names = [f"user-{number}" for number in range(USERS)]
        tokens = [made.user(name) for name in names]
        found.append(cold.many(made, tokens))
        found += crowd.crowd(made, list(zip(names, tokens, strict=True)))
        for name in ("first", *names):
            made.stop_server(name)
        return [*found, *known.known_users(made)]
