"""Imports made in a thread before anybody waits for them."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jmcp.hosting.early_import import EarlyImport

SECONDS = 10
NAME = "a_module_that_is_imported_early"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], object]]:
    """Writes the module that is imported."""
    monkeypatch.syspath_prepend(tmp_path)
    yield (tmp_path / f"{NAME}.py").write_text
    sys.modules.pop(NAME, None)


async def test_it_begins_at_once_and_the_loop_goes_on(
    write: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "begun", begun, raising=False)
    monkeypatch.setattr(threading, "may_end", may_end, raising=False)
    write(
        "import gc, threading\n"
        "threading.begun.set()\n"
        f"assert threading.may_end.wait({SECONDS})\n"
        "collected = gc.isenabled()\n"
    )
    early = EarlyImport(NAME)
    assert begun.wait(SECONDS)
    waiting = asyncio.create_task(early.module())
    await asyncio.sleep(0)
    assert not waiting.done()
    may_end.set()
    imported = await asyncio.wait_for(waiting, SECONDS)
    assert imported is sys.modules[NAME]
    assert imported.collected is False
    assert gc.isenabled()
    assert await early.module() is imported


async def test_one_that_failed_is_made_anew(write: Callable[[str], object]) -> None:
    write("raise OSError('the disk is away')\n")
    early = EarlyImport(NAME)
    with pytest.raises(OSError, match="away"):
        await asyncio.wait_for(early.module(), SECONDS)
    write("here = 'again, and longer than before'\n")
    imported = await asyncio.wait_for(early.module(), SECONDS)
    assert imported.here.startswith("again")
