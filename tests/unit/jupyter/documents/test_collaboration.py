"""The database that all rooms share is prepared once, and again after a failure."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from jmcp_jupyter.documents.local.rooms import collaboration

LOG = logging.getLogger("jmcp")


class Panic(BaseException):
    """As PyO3's PanicException."""


def store_class(*errors: BaseException) -> Any:
    """A class of stores; making the first ones fails."""
    left = list(errors)

    class Store:
        preparing: asyncio.Task[None] | None = None
        made = 0

        def __init__(self, **_: Any) -> None:
            type(self).made += 1
            if left:
                raise left.pop(0)

    return Store


@pytest.mark.parametrize("error", [OSError("disk full"), Panic("a native bug")], ids=repr)
async def test_a_failure_is_tried_again_by_the_next_room(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    stores = store_class(error)
    server = SimpleNamespace(rooms={})
    extension = SimpleNamespace(ystore_class=stores, ywebsocket_server=server)
    await collaboration.ready(extension, LOG)
    assert "could not be prepared" in caplog.text
    await collaboration.ready(extension, LOG)
    await collaboration.ready(extension, LOG)
    assert stores.made == 2


async def test_a_room_whose_caller_leaves_does_not_end_it() -> None:
    stores = store_class()
    server = SimpleNamespace(rooms={})
    extension = SimpleNamespace(ystore_class=stores, ywebsocket_server=server)
    opening = asyncio.create_task(collaboration.ready(extension, LOG))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    await collaboration.ready(extension, LOG)
    assert stores.made == 1
