"""The whole path of a call, from the arguments to the result, on the fakes of the ports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from jmcp.compose import API
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.pages.pages import Pages
from jmcp.core.ports import DocumentMode
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from jmcp_handlers import HANDLERS
from tests.calls import Calls
from tests.clock import Clock
from tests.fakes.documents import FakeDocuments
from tests.fakes.faults import Faults
from tests.fakes.kernels import FakeKernels
from tests.fakes.lab_pages import FakeLabPages
from tests.fakes.stores import FakeStore


@dataclass(kw_only=True)
class FakeJmcp(Calls):
    """A strict dispatcher with the real handlers; everything below it is in memory.

    `faults` are those of all fakes. `options` go to the dispatcher. `journaled`: with a change
    journal, as every server has that may write.
    """

    mode: DocumentMode = "live"
    journaled: bool = False
    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=Clock)
    options: Mapping[str, Any] = field(default_factory=dict)
    documents: FakeDocuments = field(init=False)
    kernels: FakeKernels = field(init=False)
    lab: FakeLabPages = field(init=False)
    pages: Pages = field(default_factory=Pages)
    store: FakeStore = field(init=False)
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.documents = FakeDocuments(self.mode, self.faults)
        self.kernels = FakeKernels(faults=self.faults)
        self.lab = FakeLabPages(self.faults)
        self.store = FakeStore(self.faults)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        await self.start()
        try:
            yield self
        finally:
            await self.close()

    async def start(self) -> None:
        """Also again after `close`, with what the store and the documents have."""
        self.make()
        await self.dispatcher.start()

    def make(self) -> None:
        """The dispatcher, for whoever starts it."""
        given = {
            "api": API,
            "handlers": HANDLERS,
            "clock": self.clock,
            "store": self.store,
            "pages": self.pages,
            **({"recorder": self._recorder()} if self.journaled else {}),
            **self.options,
        }
        self.dispatcher = Dispatcher(
            documents=self.documents,
            kernels=self.kernels,
            lab=self.lab,
            strict=True,
            **given,
        )

    def _recorder(self) -> JournalRecorder:
        return JournalRecorder(
            self.documents, MemoryJournal(), phrases=phrases, clock=self.clock, look_seconds=0.01
        )

    async def close(self) -> None:
        await self.dispatcher.close()
