"""Clients in a process of their own, so that they do not take the server's turn on its core."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Any, Literal, Self

from benchmarks.clients.http import Client
from benchmarks.clients.mcp import HandshakeClient, ModernClient
from benchmarks.clients.rest import RestClient

Surface = Literal["handshake", "modern", "REST"]
ANSWER_SECONDS = 600.0
"""Longer than any load takes; after it the process counts as hung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """What one client does, over and over: one tool with the same arguments.

    `url` is the server's root, with a slash at its end. A call begins `period` seconds after the
    one before it, or when that one is answered if it takes longer.
    """

    surface: Surface
    url: str
    token: str
    tool: str
    arguments: dict[str, Any]
    period: float = 0.0


class ClientProcess:
    """One thread and one connection for each plan, in another process."""

    def __init__(self, plans: Sequence[CallPlan]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, list(plans)), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join(ANSWER_SECONDS)

    def run(self, calls: int) -> float:
        """So many calls by each client at once; returns the seconds that all of them took.

        Raises RuntimeError with the first failure of any client.
        """
        self._pipe.send(calls)
        if not self._pipe.poll(ANSWER_SECONDS):
            raise RuntimeError(f"the clients made no {calls} calls in {ANSWER_SECONDS:.0f} s")
        answer: float | RuntimeError = self._pipe.recv()
        if isinstance(answer, RuntimeError):
            raise answer
        return answer


def connected(plan: CallPlan) -> Client:
    """A client for that plan. Raises OSError and RuntimeError if the server refuses it."""
    if plan.surface == "REST":
        return RestClient(plan.url, plan.token)
    made = HandshakeClient if plan.surface == "handshake" else ModernClient
    return made(f"{plan.url}mcp", plan.token)


def _serve(pipe: Pipe, plans: list[CallPlan]) -> None:
    """The process: connects, then runs a load for each number that arrives."""
    clients: list[Client] = []
    try:
        while True:
            calls = pipe.recv()
            try:
                clients = clients or [connected(plan) for plan in plans]
                pipe.send(_load(clients, plans, calls))
            except (OSError, RuntimeError) as error:
                pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
    except EOFError:  # the other side needs nothing more
        for client in clients:
            client.close()


def _load(clients: list[Client], plans: list[CallPlan], calls: int) -> float:
    def work(client: Client, plan: CallPlan, delay: float) -> None:
        due = time.perf_counter() + delay
        for _ in range(calls):
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due, time.perf_counter()) + plan.period
            client.call(plan.tool, **plan.arguments)

    with ThreadPoolExecutor(len(clients)) as pool:
        began = time.perf_counter()
        futures = [
            # Spread over the period: calls that arrive together are cheaper than those alone.
            pool.submit(work, client, plan, plan.period * number / len(clients))
            for number, (client, plan) in enumerate(zip(clients, plans, strict=True))
        ]
        for future in futures:
            future.result()
        return time.perf_counter() - began
