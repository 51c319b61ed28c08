"""One tab in a room: what it sends is checked before anybody else gets it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pycrdt import (
    Decoder,
    YMessageType,
    YSyncMessageType,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)

from jmcp.core.errors import ENDS_TASK
from jmcp.core.pages.tabs import (
    NO_ROOM,
    NONSENSE,
    OTHER_HISTORY,
    READ_ONLY,
    TOO_LARGE,
    TabClosed,
    Visitor,
)
from jmcp_jupyter.documents.live.tab_changes import Known
from jmcp_jupyter.documents.local.rooms.room import LocalRoom
from jmcp_jupyter.documents.local.tabs import removal

AWARENESS_BYTES = 65_536
AWARENESS_ENTRIES = 1_000
VARINT_BITS = 63
NO_CHANGES = b"\x00\x00"
MEASURED_BYTES = 8 * 2**20
"""After so many bytes of changes the document is measured, which takes 10 ms for each 20 MB."""


class TabLink:
    """`TabConnection`, and a client of the room of jupyter_server_ydoc.

    The room is held for as long as this is there. `document_bytes` is how large the document may
    become, as Y encodes it.
    """

    path = "tab"
    """What a room logs of its clients."""

    def __init__(
        self,
        opened: LocalRoom,
        visitor: Visitor,
        *,
        send: Callable[[bytes], None],
        end: Callable[[int], None],
        document_bytes: int,
    ) -> None:
        self._opened = opened
        self._room = opened.room
        self.visitor = visitor
        self._send, self._end = send, end
        self._limit = document_bytes
        self._filled = False
        self._client: int | None = None
        self._closed = False
        self._removed: dict[str, Known] | None = None
        """What the tab knew of the cells that its next change removes; None before it said something."""
        opened.enter(self)

    @classmethod
    def open(
        cls, opened: LocalRoom, history: str | None, visitor: Visitor, **options: Any
    ) -> TabLink:
        """Join a room that is held for this. Raises TabClosed where the tab has another history."""
        if history is not None and history != opened.history:
            raise TabClosed(OTHER_HISTORY)
        link = cls(opened, visitor, **options)
        link._send(create_sync_message(link._room.ydoc))
        awareness = link._room.awareness
        if known := [one for one, state in awareness.states.items() if state]:
            link._send(create_awareness_message(awareness.encode_awareness_update(known)))
        return link

    async def send(self, message: bytes) -> None:
        """As the room calls it, with what it has for all its clients. Of changes the tab is told before."""
        if message[0] != YMessageType.SYNC:
            self._send(message)

    def tell(self, update: bytes, removed: Mapping[str, str]) -> None:
        if removed:
            self._send(removal.message(removed))
        self._send(create_update_message(update))

    async def receive(self, message: bytes) -> None:
        if not message:
            raise TabClosed(NONSENSE)
        if message[0] == YMessageType.SYNC:
            await self._synchronize(message)
        elif message[0] == YMessageType.AWARENESS:
            await self._announce(message)
        elif message[0] == removal.RAW:
            with _refusing():
                self._removed = removal.read(_payload(message[1:]))
        else:
            raise TabClosed(NONSENSE)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._opened.exit(self)
        if self._client is not None and self._opened.announced.get(self._client) is self:
            del self._opened.announced[self._client]
            self._opened.leave(self._client)
        self._opened.release()

    def gone(self) -> None:
        """The room is closed, or another one has taken its place."""
        self._end(NO_ROOM)
        self.close()

    async def _synchronize(self, message: bytes) -> None:
        step = message[1] if len(message) > 1 else None
        payload = _payload(message[2:])
        await self._opened.settled()
        if self._closed or not self._opened.current:
            raise TabClosed(NO_ROOM)
        if step == YSyncMessageType.SYNC_STEP1:
            with _refusing():
                missing = handle_sync_message(message[1:], self._room.ydoc)
            if missing is not None:
                self._send(missing)
            if not self._filled:
                # What fills a tab makes it dirty, until it is told otherwise.
                self._filled = True
                await self._opened.tell_dirty()
        elif step in (YSyncMessageType.SYNC_STEP2, YSyncMessageType.SYNC_UPDATE):
            self._change(payload, step)
        else:
            raise TabClosed(NONSENSE)

    def _change(self, update: bytes, step: int) -> None:
        removed = self._removed
        if removed:
            self._removed = {}
        if update == NO_CHANGES:
            return
        if not self.visitor.may_write:
            if step == YSyncMessageType.SYNC_STEP2:
                return  # what its page did to the document before it was filled
            raise TabClosed(READ_ONLY)
        self._measure(len(update))
        with _refusing():
            live = step == YSyncMessageType.SYNC_UPDATE
            self._opened.change(self, update, removed, live=live)

    def _measure(self, size: int) -> None:
        self._opened.received += size
        if self._opened.received < MEASURED_BYTES and size < MEASURED_BYTES:
            return
        self._opened.received = 0
        if len(self._room.ydoc.get_update()) + size > self._limit:
            self._opened.received = MEASURED_BYTES  # for whoever comes next
            raise TabClosed(TOO_LARGE)

    async def _announce(self, message: bytes) -> None:
        """Pass on what a tab tells of its person, if it is of that one alone."""
        if len(message) > AWARENESS_BYTES:
            raise TabClosed(TOO_LARGE)
        update = _payload(message[1:])
        with _refusing():
            entries = list(_entries(update))
        if len(entries) != 1 or not self._is_own(entries[0][0]):
            return  # of others, which they tell themselves
        client = entries[0][0]
        with _refusing():
            self._room.awareness.apply_awareness_update(update, self)
        self._client = client
        self._opened.announced[client] = self
        for other in self._room.clients:
            if other is not self:
                await other.send(message)

    def _is_own(self, client: int) -> bool:
        if self._client is not None:
            return client == self._client
        if client == self._room.awareness.client_id:
            return False
        by = self._opened.announced.get(client)
        return by is None or by.visitor.owner == self.visitor.owner


class _refusing:  # noqa: N801  # reads as a statement
    """Ends the tab's connection for whatever its message makes a decoder or Y raise. pycrdt may panic,
    which is no Exception."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and not isinstance(error, (*ENDS_TASK, TabClosed)):
            raise TabClosed(NONSENSE) from error


def _payload(data: bytes) -> bytes:
    """The one byte string that `data` is, with its length before it. Raises TabClosed."""
    length, shift, at = 0, 0, 0
    while at < len(data) and shift <= VARINT_BITS:
        byte = data[at]
        length |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            if length != len(data) - at or not length:
                break
            return data[at:]
    raise TabClosed(NONSENSE)


def _entries(update: bytes) -> Iterator[tuple[int, Any]]:
    """Client ids and states of an awareness update. Raises what decoding raises."""
    decoder = Decoder(update)
    count = decoder.read_var_uint()
    if count > AWARENESS_ENTRIES:
        raise ValueError("too many")
    for _ in range(count):
        client = decoder.read_var_uint()
        decoder.read_var_uint()  # its clock
        state = json.loads(decoder.read_var_string() or "null")
        if state is not None and not isinstance(state, dict):
            raise ValueError("no state")
        yield client, state
    if decoder.length:
        raise ValueError("more than was said")
