"""Kernels in memory: `Kernels` and `KernelConnection`, which run simple Python at once."""

from __future__ import annotations

import ast
import asyncio
import json
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jmcp.core.ports import (
    Health,
    KernelInfo,
    Kernelspec,
    KernelState,
    NotebookRef,
    OnInput,
    OnMessage,
    Reply,
    Request,
)
from jmcp_api.backend_errors import KernelDown, KernelMissing, KernelspecMissing, KernelTaken
from jmcp_handlers.support.packages.kernel_installer import REPORT_TYPE, Place, report
from jmcp_handlers.support.scripts.kernel import SCRIPT_MODULE
from tests.fakes.documents import MOMENT
from tests.fakes.faults import Faults, Hold, passes

PYTHON = Kernelspec(name="python3", display_name="Python 3 (ipykernel)", language="python")
R = Kernelspec(name="ir", display_name="R", language="R")

ADDED = ("print", "open", "__builtins__")
"""What is in the namespace of code beside its variables."""

Message = tuple[str, dict[str, Any]]
"""Message type and content, as the kernel sends them."""


@dataclass(kw_only=True)
class _Run:
    """One run: what was sent of it, whoever listens, and what ends it early."""

    code: str
    request: Request
    store_history: bool
    on_message: OnMessage | None
    silent: bool = False
    unheard: list[Message] = field(default_factory=list)
    ending: asyncio.Future[Reply] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    failed: BaseException | None = None

    def send(self, kind: str, content: dict[str, Any]) -> None:
        if self.on_message is None:
            self.unheard.append((kind, content))
        elif self.failed is None:
            try:
                self.on_message(kind, content, {})
            except Exception as error:  # noqa: BLE001  a listener's bug ends its own run
                self.failed = error


class FakeKernel:
    """One kernel: its process, its variables and what it runs."""

    def __init__(self, kernel_id: str, spec: Kernelspec, kernels: FakeKernels) -> None:
        self.kernel_id = kernel_id
        self.spec = spec
        self.generation = 1
        self.alive = True
        self.private = False
        self.others = 0
        """Clients beside jmcp, such as JupyterLab."""
        self.variables: dict[str, Any] = {}
        self.codes: list[str] = []
        self.current: _Run | None = None
        self.notebook: NotebookRef | None = None
        self._count = 0
        self._kernels = kernels

    @property
    def faults(self) -> Faults:
        return self._kernels.faults

    @property
    def process_name(self) -> str | None:
        return f"{self.kernel_id} process {self.generation}"

    @property
    def state(self) -> KernelState:
        if not self.alive:
            return "dead"
        return "idle" if self.current is None else "busy"

    def end_run(self, reply: Reply) -> None:
        """End what runs, if anything does."""
        run, self.current = self.current, None
        if run is not None:
            run.ending.set_result(reply)

    def new_process(self) -> None:
        self.generation += 1
        self.alive = True
        self.variables, self._count = {}, 0

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
        on_input: OnInput | None = None,
    ) -> Reply:
        run = partial(_Run, code=code, store_history=store_history, on_message=on_message)
        return await self._sent(code, run, on_sent)

    async def _sent(
        self, code: str, make: Callable[..., _Run], on_sent: Callable[[Request], None] | None
    ) -> Reply:
        assert self.current is None, "two runs at once"
        await self.faults.pass_point("kernel.run")
        if not self.alive:
            return Reply(status="lost", lost="kernel_died")
        self.codes.append(code)
        request = Request(
            kernel_id=self.kernel_id, channel="channel", message_id=f"m{len(self.codes)}"
        )
        if on_sent is not None:
            on_sent(request)
        run = make(request=request)
        self.current = self._kernels._runs[request.message_id, self.kernel_id] = run
        work = asyncio.create_task(self._work(run), name=f"fake-{self.kernel_id}")
        self._kernels._work.add(work)
        work.add_done_callback(self._kernels._work.discard)
        return await self._listen(run)

    async def ask(
        self,
        expression: str,
        on_message: OnMessage,
        *,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        if on_sent is not None:
            silent = partial(
                _Run, code=expression, store_history=False, on_message=on_message, silent=True
            )
            return await self._sent(expression, silent, on_sent)
        assert self.current is None, "a question beside a run"
        if not self.alive:
            return Reply(status="lost", lost="kernel_died")
        on_message("status", {"execution_state": "busy"}, {})
        await self.faults.pass_point("kernel.ask")
        if self.spec.language != "python":
            return Reply(status="ok")
        if SCRIPT_MODULE in expression:
            return Reply(status="ok", answer={"status": "ok", "data": {"text/plain": "'{}'"}})
        # What the fake puts into the namespace is none of the variables.
        names = {name: self.variables[name] for name in self.variables if name not in ADDED}
        try:
            value = repr(eval(expression, names))
        except BaseException as error:  # noqa: BLE001  whatever the code raises
            failed = {"status": "error", "ename": type(error).__name__, "evalue": str(error)}
            return Reply(status="ok", answer=failed)
        return Reply(status="ok", answer={"status": "ok", "data": {"text/plain": value}})

    async def _listen(self, run: _Run) -> Reply:
        try:
            reply = await asyncio.shield(run.ending)
            await self.faults.pass_point("kernel.run done")
        except asyncio.CancelledError:
            run.on_message = None
            raise
        if run.failed is not None:
            raise run.failed
        return reply

    async def _work(self, run: _Run) -> None:
        run.send("status", {"execution_state": "busy"})
        held = self._kernels._held.get(run.code)
        if held:
            await self._wait(run, held.pop(0))
            if self.current is not run:
                return
        reply = await self._evaluated(run)
        if self.current is run:
            run.send("status", {"execution_state": "idle"})
            self.end_run(reply)

    async def _wait(self, run: _Run, hold: Hold) -> None:
        """Until the test lets the code go on, or something ends the run."""
        hold.reached.set()
        released = asyncio.create_task(hold.released.wait())
        run.ending.add_done_callback(lambda _: released.cancel())
        await asyncio.wait({released})

    async def _installed(self, run: _Run) -> Reply:
        """What the installer of packages would do, which here has an index of its own."""
        if self.spec.language != "python":
            return Reply(status="ok")
        call = ast.parse(run.code, mode="eval").body
        assert isinstance(call, ast.Call)
        asked = json.loads(ast.literal_eval(call.args[1])["asked"])
        packages, index = self._kernels.packages, self._kernels.index
        before = {name: Place(version, "", 0) for name, version in packages.items()}
        run.send("stream", {"name": "stdout", "text": "$ pip install\n"})
        missing = []
        for name in asked["names"]:
            if name == "slow":
                await self._wait(run, self._kernels.sleeping)
            if name in index and (asked["upgrade"] or name not in packages):
                packages[name] = index[name]
            elif name not in packages:
                missing.append(name)
        if self.current is not run:
            return Reply(status="lost")
        for name in missing:
            text = f"ERROR: No matching distribution found for {name}\n"
            run.send("stream", {"name": "stdout", "text": text})
        after = {name: Place(version, "", 0) for name, version in packages.items()}
        code = 1 if missing else 0
        told = report("pip", code, asked["names"], before, after)
        run.send("display_data", {"data": {REPORT_TYPE: told}, "metadata": {}})
        answer: dict[str, Any] = {"status": "ok", "data": {"text/plain": "None"}}
        if code:
            answer = {
                "status": "error",
                "ename": "InstallationFailed",
                "evalue": "pip: exit code 1",
            }
        return Reply(status="ok", answer=answer)

    async def _evaluated(self, run: _Run) -> Reply:
        if run.silent:
            return await self._installed(run)
        if run.store_history:
            self._count += 1
        count = self._count
        run.send("execute_input", {"code": run.code, "execution_count": count})
        if run.code in self._kernels._scripts:
            messages, reply = self._kernels._scripts[run.code]
            for kind, content in messages:
                run.send(kind, content)
            return reply
        try:
            value = await self._value(run)
        except Exception as error:  # noqa: BLE001  whatever the code raises
            return self._raised(run, error)
        if value is not None:
            run.send(
                "execute_result",
                {"data": {"text/plain": repr(value)}, "metadata": {}, "execution_count": count},
            )
        return Reply(status="ok", execution_count=count)

    async def _value(self, run: _Run) -> Any:
        """Run the code, one statement after the other; the value of its last expression."""

        def write(*words: object, end: str = "\n", flush: bool = False) -> None:
            run.send("stream", {"name": "stdout", "text": " ".join(map(str, words)) + end})

        names, value = self.variables, None
        names |= {"print": write, "open": None}  # what is in memory leaves nothing on the disk
        for statement in ast.parse(run.code).body:
            if self.current is not run:
                return None  # it was interrupted, or its process is gone
            value = None
            text = ast.unparse(statement)
            if text.startswith("time.sleep("):
                await self._wait(run, self._kernels.sleeping)
            elif text.startswith("os._exit("):
                self._kernels.kill(self.kernel_id)
            elif isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), "<cell>", "eval"), names)
            else:
                exec(compile(ast.Module([statement], []), "<cell>", "exec"), names)
        return value

    def _raised(self, run: _Run, error: BaseException) -> Reply:
        lines = tuple(traceback.format_exception_only(error))
        name, value = type(error).__name__, str(error)
        run.send("error", {"ename": name, "evalue": value, "traceback": list(lines)})
        return Reply(
            status="error",
            execution_count=self._count,
            ename=name,
            evalue=value,
            traceback=lines,
        )

    def interrupt(self) -> None:
        """What the process does with the signal: nothing, between two runs."""
        if self.current is not None and self.current.silent:
            answer = {"status": "error", "ename": "KeyboardInterrupt", "evalue": ""}
            self.end_run(Reply(status="ok", answer=answer))
        elif self.current is not None:
            reply = self._raised(self.current, KeyboardInterrupt())
            self.current.send("status", {"execution_state": "idle"})
            self.end_run(reply)


class FakeKernels:
    """`Kernels` without processes.

    Code runs at once: assignments, `print`, exceptions and a last expression do what they do in
    IPython. `time.sleep(...)`, as a statement of its own, lasts until `sleeping` is released,
    `os._exit(...)` ends the process,
    `hold(code)` keeps a run of that code from beginning, `script(code, ...)` says what it sends.
    `kill` and `revive` are what happens to processes.
    """

    url = "http://fake/"

    def __init__(
        self,
        *,
        stay: bool = True,
        specs: Sequence[Kernelspec] = (PYTHON,),
        faults: Faults | None = None,
    ) -> None:
        self.stay = stay
        self.faults = faults or Faults()
        self.kernels: dict[str, FakeKernel] = {}
        self.made: list[FakeKernel] = []
        """Also those that are gone."""
        self.started = 0
        self.broken_specs: set[str] = set()
        self.closed = False
        self.sleeping = Hold()
        self.packages = {"ipykernel": "7.0"}
        """What is installed in the interpreter of all."""
        self.index = {"tiny": "1.0"}
        """What there is to install."""
        self._specs = {spec.name: spec for spec in specs}
        self._connected: set[str] = set()
        self._scripts: dict[str, tuple[Sequence[Message], Reply]] = {}
        self._held: dict[str, list[Hold]] = {}
        self._runs: dict[tuple[str, str], _Run] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._starting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # -- the code and the processes ----------------------------------------------------------------

    def hold(self, code: str) -> Hold:
        """The next run of that code goes on until it is released, interrupted or lost."""
        hold = Hold()
        self._held.setdefault(code, []).append(hold)
        return hold

    def script(self, code: str, *messages: Message, reply: Reply | None = None) -> None:
        """What the kernel sends for that code."""
        self._scripts[code] = messages, reply or Reply(status="ok", execution_count=1)

    def kill(self, kernel_id: str) -> None:
        """The process ends; nobody starts another one."""
        kernel = self.kernels[kernel_id]
        kernel.alive = False
        kernel.end_run(Reply(status="lost", lost="kernel_died"))

    def revive(self, kernel_id: str) -> None:
        """Jupyter's restarter starts another process under the same id."""
        self.kernels[kernel_id].new_process()

    def rename_notebook(self, key: str, path: str) -> None:
        for kernel in self.kernels.values():
            if kernel.notebook is not None and kernel.notebook.key == key:
                kernel.notebook = NotebookRef(key=key, path=path)

    # -- the port ----------------------------------------------------------------------------------

    @property
    def connected(self) -> int:
        return len(self._connected)

    @passes("kernels.specs")
    async def specs(self) -> tuple[Sequence[Kernelspec], str]:
        return tuple(self._specs.values()), next(iter(self._specs))

    @passes("kernels.list")
    async def list(self) -> Sequence[KernelInfo]:
        return [
            KernelInfo(
                kernel_id=kernel.kernel_id,
                kernel_name=kernel.spec.name,
                display_name=kernel.spec.display_name,
                language=kernel.spec.language,
                state=kernel.state,
                connections=kernel.others,
                last_activity=MOMENT,
                notebook_path=kernel.notebook.path if kernel.notebook else None,
            )
            for kernel in self.kernels.values()
        ]

    @passes("kernels.find")
    async def find(self, ref: NotebookRef) -> str | None:
        return self._find(ref)

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        await self.faults.pass_point("kernels.start")
        kernel_id = await self._started(ref, kernel_name, private=private)
        try:
            await self.faults.pass_point("kernels.start done")
        except BaseException:
            if private:  # a start that fails leaves no kernel that nobody knows
                del self.kernels[kernel_id]
            raise
        return kernel_id

    async def _started(self, ref: NotebookRef, kernel_name: str | None, *, private: bool) -> str:
        name = kernel_name or next(iter(self._specs))
        if name not in self._specs:
            installed = [*self._specs]
            raise KernelspecMissing.not_installed(kernel_name=name, installed=installed)
        async with self._starting[ref.key]:
            old = None if private else self._find(ref)
            if old is not None and self.kernels[old].alive:
                return old
            await self.faults.pass_point("kernels.start process")
            if name in self.broken_specs:
                raise KernelDown.not_started(kernel_name=name, reason="it died.")
            self.started += 1
            kernel = FakeKernel(f"kernel-{self.started}", self._specs[name], self)
            kernel.private = private
            kernel.notebook = None if private else ref
            self.kernels[kernel.kernel_id] = kernel
            self.made.append(kernel)
            if old is not None:
                del self.kernels[old]
            return kernel.kernel_id

    @passes("kernels.attach")
    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        kernel = self._kernel(kernel_id)
        if kernel.notebook is not None and kernel.notebook.key != ref.key:
            raise KernelTaken.by_notebooks(kernel_id=kernel_id, paths=[kernel.notebook.path])
        for other in self.kernels.values():
            if other.notebook is not None and other.notebook.key == ref.key:
                other.notebook = None
        kernel.notebook = ref

    @passes("kernels.connect")
    async def connect(self, kernel_id: str) -> FakeKernel:
        kernel = self._kernel(kernel_id)
        if not kernel.alive:
            raise KernelDown.dead(kernel_id=kernel_id)
        self._connected.add(kernel_id)
        return kernel

    @passes("kernels.resume")
    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        kernel = self._kernel(request.kernel_id)
        run = self._runs.get((request.message_id, request.kernel_id))
        if run is None:
            return Reply(status="lost", lost="lost_contact", incomplete="lost_contact")
        unheard, run.unheard = run.unheard, []
        run.on_message = on_message
        for kind, content in unheard:
            run.send(kind, content)
        return await kernel._listen(run)

    @passes("kernels.health")
    async def health(self, kernel_id: str) -> Health:
        kernel = self.kernels.get(kernel_id)
        if kernel is None:
            return Health(alive=False, generation=0)
        return Health(
            alive=kernel.alive, generation=kernel.generation, process_name=kernel.process_name
        )

    @passes("kernels.interrupt")
    async def interrupt(self, kernel_id: str) -> None:
        kernel = self._kernel(kernel_id)
        if not kernel.alive:
            raise KernelDown.not_running(kernel_id=kernel_id)
        kernel.interrupt()

    @passes("kernels.restart")
    async def restart(self, kernel_id: str) -> None:
        kernel = self._kernel(kernel_id)
        if kernel.spec.name in self.broken_specs:
            raise KernelDown.not_back(kernel_id=kernel_id)
        kernel.end_run(Reply(status="lost", lost="kernel_restarted"))
        kernel.new_process()

    @passes("kernels.shutdown")
    async def shutdown(self, kernel_id: str) -> None:
        kernel = self._kernel(kernel_id)
        kernel.alive = False
        kernel.end_run(Reply(status="lost", lost="kernel_died"))
        del self.kernels[kernel_id]
        self._connected.discard(kernel_id)

    async def close(self) -> None:
        self.closed = True
        self._connected.clear()
        if not self.stay:
            for kernel in self.kernels.values():
                kernel.end_run(Reply(status="lost", lost="kernel_died"))
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def _kernel(self, kernel_id: str) -> FakeKernel:
        kernel = self.kernels.get(kernel_id)
        if kernel is None:
            raise KernelMissing.unknown(kernel_id=kernel_id)
        return kernel

    def _find(self, ref: NotebookRef) -> str | None:
        for kernel in self.kernels.values():
            if kernel.notebook is not None and kernel.notebook.key == ref.key:
                kernel.notebook = ref  # follows a rename
                return kernel.kernel_id
        return None
