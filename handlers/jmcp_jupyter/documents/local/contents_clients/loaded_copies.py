"""What clients of the contents API have loaded or saved of each notebook: the version that their next
save goes back to."""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jmcp_jupyter.documents.local.contents_clients.contents_requests import Client

KEPT_COPIES = 2048
"""Copies of which it is remembered that there were any: some 200 bytes each."""
KEPT_BYTES = 32 * 2**20
"""Of the content of all copies, compressed, in bytes."""
WHOLE_BYTES = 2 * 2**20
"""Of a copy that is kept with its outputs, as JSON; compressing that takes some 20 ms."""
OPEN_SECONDS = 12 * 3600.0
"""Seconds for which a page may have a notebook open that it has neither loaded nor saved since."""


@dataclass(slots=True, kw_only=True)
class Copy:
    """What one client has of one notebook, as of `at` in seconds since the epoch: its content, which
    is `packed` a moment later. Without either it took too much room; not `whole` is one without
    outputs. `shown`: a page has it open."""

    at: float
    shown: bool
    content: Mapping[str, Any] | None
    packed: bytes | None = None
    whole: bool = True

    def read(self) -> Mapping[str, Any] | None:
        if self.packed is None:
            return self.content
        content: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return content


class LoadedCopies:
    """The latest copy of each client of each notebook, by path."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.started = clock()
        """Whatever a client has of which nothing is known was loaded before, unless `forgotten`."""
        self.forgotten = False
        self._clock = clock
        self._copies: OrderedDict[tuple[str, str], Copy] = OrderedDict()
        self._bytes = 0
        self._shown = 0

    def keep(self, client: Client, path: str, content: Any, *, saved: bool) -> Copy:
        """The client has loaded or `saved` that content, which nobody changes any more; the caller has
        it packed. What a program loads it has not open; what it loads and saves, it has."""
        name = (path, client.name)
        before = self._drop(name)
        shown = client.browser or (saved and before is not None)
        copy = self._copies[name] = Copy(at=self._clock(), content=content, shown=shown)
        self._shown += shown
        if len(self._copies) > KEPT_COPIES:
            self._drop(next(iter(self._copies)))
            self.forgotten = True
        return copy

    def packed(
        self, client: Client, path: str, copy: Copy, packed: bytes | None, *, whole: bool
    ) -> None:
        """Have the content of a copy packed. Those of the oldest copies give way to it."""
        copy.content, copy.packed, copy.whole = None, packed, whole
        if self.of(client, path) is not copy:
            return
        self._bytes += len(packed or b"")
        for oldest in self._copies.values():
            if self._bytes <= KEPT_BYTES:
                break
            self._bytes -= len(oldest.packed or b"")
            oldest.packed = None

    def of(self, client: Client, path: str) -> Copy | None:
        return self._copies.get((path, client.name))

    def rename(self, old: str, new: str) -> None:
        """Files have moved from a path, and from all below it."""
        for path, name in [*self._copies]:
            if path == old or path.startswith(f"{old}/"):
                now = (new + path[len(old) :], name)
                self._drop(now)
                self._copies[now] = self._copies.pop((path, name))

    @property
    def any_shown(self) -> bool:
        """Whether any page has any notebook open, which costs nothing to ask."""
        return self._shown > 0

    def shown(self, path: str) -> list[str]:
        """The names of the clients of which a page may have that notebook open."""
        oldest = self._clock() - OPEN_SECONDS
        return [
            name
            for (one, name), copy in self._copies.items()
            if one == path and copy.shown and copy.at > oldest
        ]

    def closed(self, path: str, name: str) -> None:
        """No page of that client has the notebook open by its file any more."""
        copy = self._copies.get((path, name))
        if copy is not None and copy.shown:
            copy.shown = False
            self._shown -= 1

    def _drop(self, name: tuple[str, str]) -> Copy | None:
        copy = self._copies.pop(name, None)
        if copy is not None:
            self._bytes -= len(copy.packed or b"")
            self._shown -= copy.shown
        return copy


def pack(content: Any) -> tuple[bytes | None, bool]:
    """A notebook's content, compressed, and whether with its outputs, which is where it is not long.
    None for what is no content."""
    try:
        text = json.dumps(content, separators=(",", ":"))
        whole = len(text) <= WHOLE_BYTES
        if not whole:
            text = json.dumps(_without_outputs(content), separators=(",", ":"))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None, False
    return zlib.compress(text.encode(), level=1), whole


def _without_outputs(content: Mapping[str, Any]) -> dict[str, Any]:
    cells = [{**cell, "outputs": []} if cell.get("outputs") else cell for cell in content["cells"]]
    return {**content, "cells": cells}
