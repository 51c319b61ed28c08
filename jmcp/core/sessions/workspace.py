"""What a handler gets of the server beside its session, and all that one without a session gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

from jmcp.core.calls.call import Caller, Image, Outcome
from jmcp.core.calls.principal import Scope
from jmcp.core.calls.resources import Content, Link
from jmcp.core.lab_pages import LabPages
from jmcp.core.pages.questions import ANSWER_SECONDS, PageAnswer, ask_in_turn
from jmcp.core.ports import (
    Cell,
    Cells,
    FileEntry,
    Health,
    KernelConnection,
    KernelInfo,
    Kernelspec,
    NotebookRef,
    SaveState,
    Sharing,
    StoredCell,
)
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.services import Services

T = TypeVar("T")
Call = Callable[[str, dict[str, Any], Caller], Awaitable[Outcome]]


class Workspace:
    """The server as one call sees it: files, kernels, and who holds which notebook.

    `images` and `links` are those that go beside the result, `content` is what it describes, `viewed`
    what the client's view gets, `tagged` the cell that it is about. `call` runs a tool, where handlers may do that.
    """

    def __init__(self, caller: Caller, services: Services, call: Call | None = None) -> None:
        self.caller = caller
        self.images: list[Image] = []
        self.links: list[Link] = []
        self.content: Content | None = None
        self.viewed: Mapping[str, Any] | None = None
        self.tagged: Cell | None = None
        self._services = services
        self._call = call

    async def call(self, tool: str, arguments: dict[str, Any]) -> Outcome:
        """Run a tool for the caller, as if that one had called it: with the same scopes and limits,
        and noted as a call of its own. What a person has confirmed is this call and not that one.

        Raises UnknownToolError.
        """
        assert self._call is not None
        caller = replace(
            self.caller,
            request_id=uuid4().hex[:12],
            views=False,
            report=None,
            confirmed=frozenset(),
            expected=None,
        )
        return await self._call(tool, arguments, caller)

    @property
    def tools(self) -> Sequence[str]:
        """What the caller may call, in the order of the spec."""
        return self._services.permissions.tools(self.caller.scopes)

    def scratch_kernel(self, kernel_name: str) -> AbstractAsyncContextManager[KernelConnection]:
        """A kernel for this call alone. Raises as `ScratchKernels.kernel`."""
        return self._services.scratch.kernel(self.caller.owner, kernel_name)

    def is_scratch(self, kernel_id: str) -> bool:
        """Whether that kernel is for one call alone, of whomever."""
        return kernel_id in self._services.scratch

    @property
    def connection(self) -> str | None:
        """What stands for the client where it has such a thing, as sessions name it."""
        return self.caller.connection

    @property
    def shows_images(self) -> bool:
        """Whether results of this server carry images."""
        return self._services.policy.images

    def may(self, scope: Scope) -> bool:
        """Whether the caller has that scope and this server allows it."""
        return self._services.permissions.may(self.caller, scope)

    def require(self, scope: Scope, what: str) -> None:
        """For what needs more than its tool does. Raises not_permitted."""
        self._services.permissions.require(self.caller, scope, what)

    def attach(self, image: Image) -> None:
        """Send an image beside the result."""
        self.images.append(image)

    def link(self, link: Link) -> None:
        """Send a link beside the result."""
        self.links.append(link)

    def deliver(self, content: Content) -> None:
        """What the result describes, for a client that asks for all of it."""
        self.content = content

    @property
    def shows_views(self) -> bool:
        """Whether the caller's program says that it shows views of results."""
        return self.caller.views

    def show(self, data: Mapping[str, Any]) -> None:
        """Send that to the view beside the result, where no model reads it."""
        self.viewed = data

    def tag(self, cell: Cell) -> None:
        """The result is about this cell, as it is now."""
        self.tagged = cell

    def execution(self, execution_id: str) -> Run | Batch | None:
        """The run or batch of that id, if it is of one of the caller's sessions and still kept."""
        found = self._services.runs.index.get(execution_id)
        return found if found is not None and found.request.owner == self.caller.owner else None

    @property
    def inside(self) -> bool:
        """Whether jmcp runs inside the Jupyter Server."""
        return self._services.leases.documents.inside

    @property
    def urls(self) -> tuple[str, str]:
        """The addresses of the servers of documents and of kernels, without credentials."""
        return self._services.leases.documents.url, self._services.kernels.url

    async def sharing(self) -> Sharing:
        """How the server has notebooks now. Raises as `Documents.sharing`."""
        return await self._services.leases.documents.sharing()

    def save_state(self, key: str) -> SaveState:
        """Whether the notebook's file is known to have all edits."""
        return self._services.leases.documents.save_state(key)

    async def health(self, kernel_id: str) -> Health:
        """Whether a kernel's process lives. Raises as `Kernels.health`."""
        return await self._services.kernels.health(kernel_id)

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        """What is in a folder. Raises as `Documents.list_directory`."""
        return await self._services.leases.documents.list_directory(path)

    async def identify(self, path: str) -> NotebookRef:
        """The notebook at that path. Raises as `Documents.identify`."""
        return await self._services.leases.documents.identify(path)

    async def current(self, key: str) -> NotebookRef:
        """Where the notebook of that key is by now. Raises as `Documents.current`."""
        return await self._services.leases.documents.current(key)

    async def glance(self, ref: NotebookRef) -> Cells:
        """The cells of a notebook that the call does not open. Raises as `Documents.glance`."""
        return await self._services.leases.documents.glance(ref)

    async def create(
        self, path: str, kernelspec: Kernelspec | None, *, cells: Sequence[StoredCell] = ()
    ) -> NotebookRef:
        """A new notebook with these cells. Raises as `Documents.create`."""
        return await self._services.leases.create(path, kernelspec, cells=cells)

    async def create_directory(self, path: str) -> None:
        """A folder, unless it is there. Raises as `Documents.create_directory`."""
        await self._services.leases.documents.create_directory(path)

    @property
    def lab(self) -> LabPages:
        """JupyterLab in people's browsers."""
        return self._services.lab

    async def ask_page(
        self,
        what: str,
        details: Mapping[str, Any],
        read: Callable[[object], T],
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> PageAnswer[T]:
        """What a page of the caller's answers. Raises as `ask_in_turn`."""
        return await ask_in_turn(
            self._services.pages, self.caller.owner, what, details, read, seconds=seconds
        )

    async def check_file(self, path: str, *, overwrite: bool) -> str:
        """Where a file would be written. Raises as `Documents.check_file`."""
        return await self._services.leases.documents.check_file(path, overwrite=overwrite)

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a file that is no notebook. Raises as `Documents.write_file`."""
        await self._services.leases.documents.write_file(path, data, overwrite=overwrite)

    async def kernels(self) -> Sequence[KernelInfo]:
        """The kernels that run on the server, whoever started them."""
        return await self._services.kernels.list()

    async def kernel(self, kernel_id: str) -> KernelInfo | None:
        """What the server says of that kernel; None when it does not run (any more)."""
        running = await self._services.kernels.list()
        return next((one for one in running if one.kernel_id == kernel_id), None)

    async def kernelspecs(self) -> tuple[Sequence[Kernelspec], str]:
        """The kernelspecs of the server, and the name of the default one."""
        return await self._services.kernels.specs()

    async def private_kernels(
        self, *kernel_ids: str
    ) -> Mapping[str, tuple[SessionRecord, HeldNotebook]]:
        """Those among these kernels that are private to a live session of any owner, by id."""
        return await self._services.sessions.private_kernels(*kernel_ids)

    async def sessions(self, session_id: str | None) -> Sequence[SessionRecord]:
        """The session of that id, or all of the caller's. Raises as `SessionLookup.chosen`."""
        return await self._services.sessions.chosen(self.caller, session_id)

    async def activity(self, *, everyone: bool) -> Mapping[str, Any]:
        """What goes on, of the caller or of everyone. Raises as `Activity.snapshot`."""
        return await self._services.activity.snapshot(self.caller, everyone=everyone)
