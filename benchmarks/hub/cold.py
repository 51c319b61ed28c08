"""Cold starts through the gateway, one beside the Hub's own and many at once, and its own restart."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks import limits
from benchmarks.figures import Figure, Reference
from benchmarks.hub.platform import PATIENCE_SECONDS, Platform

STARTS = 5
PAUSE_SECONDS = 0.02


def first_answer(platform: Platform, token: str) -> float:
    """Seconds until a call is answered whose server does not run."""
    with platform.through_gateway(token) as client:
        began = time.perf_counter()
        client.call("list_files")
        return time.perf_counter() - began


def one(platform: Platform, name: str, token: str) -> Figure:
    """In turns, each on a server that was stopped before."""
    ours, theirs = [], []
    for _ in range(STARTS):
        ours.append(first_answer(platform, token))
        platform.stop_server(name)
        theirs.append(platform.start_server(name, token))
        platform.stop_server(name)
    return Figure(
        name="cold start to the first answer",
        value=statistics.median(ours),
        unit="s",
        reference=Reference(name="the Hub's own start", value=statistics.median(theirs)),
        limit=limits.COLD_START,
        note=f"{min(ours):.1f} to {max(ours):.1f} s, the Hub's {min(theirs):.1f} to {max(theirs):.1f} s",
    )


def many(platform: Platform, tokens: Sequence[str]) -> Figure:
    """All call at the same moment, and no server runs."""
    with ThreadPoolExecutor(len(tokens)) as pool:
        taken = sorted(pool.map(lambda token: first_answer(platform, token), tokens))
    return Figure(
        name=f"{len(tokens)} cold users at once: the last answer",
        value=taken[-1],
        unit="s",
        note=f"the first {taken[0]:.1f} s, median {statistics.median(taken):.1f} s, all answered",
    )


def restart(platform: Platform, token: str) -> list[Figure]:
    """From the signal to the next answer. The Hub starts it again, when it looks after its services."""
    process = psutil.Process(platform.gateway_pid())
    began = time.perf_counter()
    process.terminate()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(PAUSE_SECONDS)
    ended = time.perf_counter() - began
    while True:
        try:
            with platform.through_gateway(token) as client:
                client.call("list_files")
                break
        except (OSError, RuntimeError):
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise
            time.sleep(PAUSE_SECONDS)
    whole = time.perf_counter() - began
    start = time.time() - psutil.Process(platform.gateway_pid()).create_time()
    return [
        Figure(
            name="end of the gateway, start to its first answer",
            value=ended + start,
            unit="s",
            note=f"{ended:.1f} and {start:.1f} s",
        ),
        Figure(
            name="the same when the Hub starts it again",
            value=whole,
            unit="s",
            note="it looks after its services every 30 s",
        ),
    ]
