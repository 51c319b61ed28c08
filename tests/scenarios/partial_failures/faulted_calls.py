"""Kinds of calls, each of which is made again with a fault at every await of its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.ports import DocumentMode
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from tests.fakes.jmcp import FakeJmcp
from tests.pages import fake_page

WARM = "warm = 1"
"""What has run in the session's kernel: whether that variable is there tells if it was lost."""
SLEEP = "time.sleep(60)"
NEVER_SECONDS = 1_000_000.0


class FaultedJmcp(FakeJmcp):
    """With a journal, and with what the call under test needs. `session` is the one of that call."""

    session: str = ""
    journal: MemoryJournal

    @classmethod
    async def started(cls, mode: DocumentMode) -> FaultedJmcp:
        made = cls(mode=mode)
        made.journal = MemoryJournal()
        recorder = JournalRecorder(
            made.documents,
            made.journal,
            phrases=phrases,
            clock=made.clock,
            look_seconds=NEVER_SECONDS,
        )
        made.options = {"recorder": recorder, "readings": Readings(made.journal)}
        made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
        made.documents.write("b.ipynb", "1")
        await made.start()
        return made


Prepare = Callable[[FaultedJmcp], Awaitable[None]]


async def nothing(_: FaultedJmcp) -> None:
    """No session yet."""


async def opened(jmcp: FaultedJmcp) -> None:
    jmcp.session = await jmcp.open("a.ipynb")
    for index in range(3):
        await jmcp.call("read_cell", session_id=jmcp.session, cell_index=index)


async def warm(jmcp: FaultedJmcp) -> None:
    await opened(jmcp)
    await jmcp.call("execute_code", session_id=jmcp.session, code=WARM)


async def private(jmcp: FaultedJmcp) -> None:
    jmcp.session = await jmcp.open("a.ipynb", kernel="private")
    await jmcp.call("execute_code", session_id=jmcp.session, code=WARM)


async def asked_private(jmcp: FaultedJmcp) -> None:
    jmcp.session = await jmcp.open("a.ipynb", kernel="private")


async def two_notebooks(jmcp: FaultedJmcp) -> None:
    await warm(jmcp)
    await jmcp.call("use_notebook", session_id=jmcp.session, notebook_path="b.ipynb")


async def free_kernel(jmcp: FaultedJmcp) -> None:
    """A kernel that is no notebook's."""
    await opened(jmcp)
    other = await jmcp.open("b.ipynb")
    await jmcp.call("execute_code", session_id=other, code="1")
    await jmcp.call("unuse_notebook", session_id=other, kernel="keep")
    jmcp.kernels.kernels["kernel-1"].notebook = None


async def private_beside_free(jmcp: FaultedJmcp) -> None:
    await free_kernel(jmcp)
    await jmcp.call("unuse_notebook", session_id=jmcp.session)
    await private(jmcp)


async def dead(jmcp: FaultedJmcp) -> None:
    await warm(jmcp)
    jmcp.kernels.kill("kernel-1")


async def edited(jmcp: FaultedJmcp) -> None:
    await opened(jmcp)
    await jmcp.call("delete_cell", session_id=jmcp.session, cell_indices=[0, 2])


async def changed_by_another_session(jmcp: FaultedJmcp) -> None:
    await opened(jmcp)
    other = await jmcp.open("a.ipynb")
    await jmcp.call("delete_cell", session_id=other, cell_indices=[0, 2])


async def checkpointed(jmcp: FaultedJmcp) -> None:
    await opened(jmcp)
    await jmcp.call("create_checkpoint", session_id=jmcp.session)
    await jmcp.call("delete_cell", session_id=jmcp.session, cell_indices=[0, 2])


async def hidden(jmcp: FaultedJmcp) -> None:
    """A checkpoint that Jupyter shows only by restoring it."""
    await checkpointed(jmcp)
    jmcp.documents.hides_checkpoints = True


async def ran(jmcp: FaultedJmcp) -> None:
    await opened(jmcp)
    await jmcp.call("run_cells", session_id=jmcp.session, start_index=0)


async def cleared(jmcp: FaultedJmcp) -> None:
    await ran(jmcp)
    await jmcp.call("clear_cell_output", session_id=jmcp.session)


async def running(jmcp: FaultedJmcp) -> None:
    await warm(jmcp)
    await jmcp.call("execute_code", session_id=jmcp.session, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()


async def running_and_waiting(jmcp: FaultedJmcp) -> None:
    await running(jmcp)
    await jmcp.call("execute_code", session_id=jmcp.session, code="waited = 1", wait=0)


async def running_cell(jmcp: FaultedJmcp) -> None:
    """A cell at index 0 that runs."""
    await warm(jmcp)
    await jmcp.call(
        "insert_execute_code_cell",
        session_id=jmcp.session,
        cell_source=SLEEP,
        cell_index=0,
        wait=0,
    )
    await jmcp.kernels.sleeping.reached.wait()


async def running_for_another(jmcp: FaultedJmcp) -> None:
    """A run of another session in the same notebook, and one that waits behind it."""
    await warm(jmcp)
    other = await jmcp.open("a.ipynb")
    await jmcp.call("execute_code", session_id=other, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.call("execute_cell", session_id=other, cell_index=1, wait=0)


async def running_batch(jmcp: FaultedJmcp) -> None:
    await warm(jmcp)
    await jmcp.call(
        "insert_cell", session_id=jmcp.session, cell_type="code", cell_source=SLEEP, cell_index=0
    )
    await jmcp.call("run_cells", session_id=jmcp.session, start_index=0, wait=0)
    await jmcp.kernels.sleeping.reached.wait()


async def talked(jmcp: FaultedJmcp) -> None:
    """A conversation's notebook, open in a session of its own, and shown."""
    await opened(jmcp)
    talking = await jmcp.call("create_conversation_notebook", conversation_id="c1")
    await jmcp.call("prepare_notebook", notebook_path=talking["notebook_path"])


async def looked_on(jmcp: FaultedJmcp) -> None:
    """A page of the person's that answers."""
    await opened(jmcp)
    fake_page(jmcp.pages)


async def dead_private(jmcp: FaultedJmcp) -> None:
    await private(jmcp)
    jmcp.kernels.kill("kernel-1")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of call. `arguments` do not name the session, which is `FaultedJmcp.session`'s.

    `edits`: it changes cells, so it is tried in file mode too. `rare`: only the thorough tests try
    it.
    """

    name: str
    tool: str
    prepare: Prepare = opened
    arguments: dict[str, Any] = field(default_factory=dict)
    edits: bool = False
    rare: bool = False


def _kind(
    name: str,
    tool: str,
    prepare: Prepare = opened,
    /,
    *,
    edits: bool = False,
    rare: bool = False,
    **arguments: Any,
) -> Kind:
    return Kind(name=name, tool=tool, prepare=prepare, arguments=arguments, edits=edits, rare=rare)


KINDS = [
    _kind("open", "use_notebook", nothing, notebook_path="a.ipynb"),
    _kind(
        "open under an id",
        "use_notebook",
        nothing,
        notebook_path="a.ipynb",
        session_id="my-session",
    ),
    _kind("open another", "use_notebook", warm, notebook_path="b.ipynb"),
    _kind("open again", "use_notebook", warm, notebook_path="a.ipynb", notebook_name="mine"),
    _kind("create", "use_notebook", nothing, notebook_path="new.ipynb", mode="create"),
    _kind("create another", "use_notebook", warm, notebook_path="new.ipynb", mode="create"),
    _kind(
        "create with a kernel",
        "use_notebook",
        free_kernel,
        notebook_path="new.ipynb",
        mode="create",
        kernel_id="kernel-1",
    ),
    _kind(
        "open with a kernel",
        "use_notebook",
        free_kernel,
        notebook_path="a.ipynb",
        kernel_id="kernel-1",
    ),
    _kind(
        "open with a kernel instead of a private one",
        "use_notebook",
        private_beside_free,
        notebook_path="a.ipynb",
        kernel_id="kernel-1",
    ),
    _kind(
        "ask for a private kernel", "use_notebook", warm, notebook_path="a.ipynb", kernel="private"
    ),
    _kind(
        "give up a private kernel",
        "use_notebook",
        private,
        notebook_path="a.ipynb",
        kernel="shared",
    ),
    _kind("release", "unuse_notebook", warm),
    _kind("release one of two", "unuse_notebook", two_notebooks, notebook_path="a.ipynb"),
    _kind("release and keep", "unuse_notebook", warm, kernel="keep"),
    _kind("release with a private kernel", "unuse_notebook", private),
    _kind("list notebooks of sessions", "list_notebooks", two_notebooks),
    _kind("list open notebooks", "list_notebooks", warm, scope="open"),
    _kind("list all notebooks", "list_notebooks", warm, scope="workspace"),
    _kind("read a notebook", "read_notebook", warm),
    _kind("read a cell", "read_cell", cell_index=1),
    _kind(
        "insert", "insert_cell", edits=True, cell_type="code", cell_source="new = 1", cell_index=1
    ),
    _kind("overwrite", "overwrite_cell_source", edits=True, cell_index=1, cell_source="print(7)"),
    _kind(
        "overwrite with another type",
        "overwrite_cell_source",
        edits=True,
        cell_index=1,
        cell_source="# Title",
        cell_type="markdown",
    ),
    _kind("edit", "edit_cell_source", edits=True, cell_index=1, old_string="x", new_string="y"),
    _kind("delete", "delete_cell", edits=True, cell_indices=[0, 2]),
    _kind("move", "move_cell", edits=True, cell_index=0, target_index=2),
    _kind("take back", "undo_change", edited, edits=True),
    _kind("list changes", "list_changes", edited),
    _kind("review", "review_changes", changed_by_another_session),
    _kind("accept", "accept_changes", changed_by_another_session),
    _kind("revert", "revert_changes", changed_by_another_session, edits=True),
    _kind("compare with its checkpoint", "diff_notebook", checkpointed, against="checkpoint"),
    _kind("make a checkpoint", "create_checkpoint"),
    _kind("restore a checkpoint", "restore_checkpoint", checkpointed, edits=True),
    _kind("restore what only shows so", "restore_checkpoint", hidden, edits=True, rare=True),
    _kind("clear outputs", "clear_cell_output", ran, edits=True),
    _kind("take a clearing back", "undo_change", cleared, edits=True, rare=True),
    Kind(
        name="edit at once",
        tool="apply_edits",
        arguments={
            "edits": [
                {"op": "delete", "cell": "c0"},
                {"op": "insert", "source": "new = 1", "after": "c1"},
            ]
        },
        edits=True,
    ),
    _kind("run a cell, first", "execute_cell", edits=True, cell_index=0),
    _kind("run a cell", "execute_cell", warm, edits=True, cell_index=0),
    _kind("run a cell after a death", "execute_cell", dead, cell_index=0),
    _kind(
        "insert and run, first",
        "insert_execute_code_cell",
        edits=True,
        cell_source="print('new')",
        cell_index=1,
    ),
    _kind(
        "insert and run",
        "insert_execute_code_cell",
        warm,
        edits=True,
        cell_source="print('new')",
        cell_index=1,
    ),
    _kind(
        "append and run",
        "append_execute_code_cell",
        warm,
        rare=True,
        edits=True,
        cell_source="print('new')",
    ),
    _kind("run a cell or fail", "execute_cell_simple_timeout", warm, edits=True, cell_index=0),
    _kind(
        "run a cell with a log",
        "execute_cell_streaming",
        warm,
        rare=True,
        edits=True,
        cell_index=0,
    ),
    _kind("read all cells", "read_all_cells", warm, rare=True),
    _kind("run code, first", "execute_code", code="print('ran')"),
    _kind("run code", "execute_code", warm, code="print('ran')"),
    _kind("run code, first and private", "execute_code", asked_private, code="print('ran')"),
    _kind("run code and leave", "execute_code", warm, code="print('ran')", wait=0),
    _kind("run cells", "run_cells", edits=True, start_index=0),
    _kind("run cells in a new kernel", "run_cells", warm, edits=True, restart=True),
    _kind("look at a run", "get_execution", running, wait=0),
    _kind("list runs", "list_executions", running, notebook_path="a.ipynb"),
    _kind("interrupt", "interrupt_kernel", running),
    _kind("interrupt with runs that wait", "interrupt_kernel", running_and_waiting),
    _kind("interrupt what is idle", "interrupt_kernel", warm),
    _kind("restart", "restart_notebook", warm),
    _kind("restart a private kernel", "restart_notebook", private),
    _kind("restart a dead kernel", "restart_notebook", dead),
    _kind("restart with runs", "restart_notebook", running_and_waiting),
    _kind("open one whose kernel died", "use_notebook", dead, rare=True, notebook_path="a.ipynb"),
    _kind("run code after a private death", "execute_code", dead_private, code="print('ran')"),
    _kind("restart a dead private kernel", "restart_notebook", dead_private, rare=True),
    _kind("release with runs", "unuse_notebook", running_and_waiting, rare=True),
    _kind("delete a cell that runs", "delete_cell", running_cell, edits=True, cell_indices=[0]),
    _kind(
        "move a cell that runs",
        "move_cell",
        running_cell,
        rare=True,
        edits=True,
        cell_index=0,
        target_index=2,
    ),
    _kind(
        "overwrite a cell that runs",
        "overwrite_cell_source",
        running_cell,
        rare=True,
        edits=True,
        cell_index=0,
        cell_source="print(7)",
    ),
    _kind("run a cell that runs", "execute_cell", running_cell, rare=True, cell_index=0, wait=0),
    _kind("restart under another's runs", "restart_notebook", running_for_another, confirm=True),
    _kind("interrupt another's run", "interrupt_kernel", running_for_another, rare=True),
    _kind(
        "run a cell that waits for another",
        "execute_cell",
        running_for_another,
        rare=True,
        cell_index=1,
        wait=0,
    ),
    _kind("interrupt a batch", "interrupt_kernel", running_batch, rare=True),
    _kind("restart under a batch", "restart_notebook", running_batch, rare=True),
    _kind("show a notebook", "prepare_notebook", nothing, rare=True, notebook_path="a.ipynb"),
    _kind("show another", "prepare_notebook", warm, notebook_path="b.ipynb"),
    _kind("show the same", "prepare_notebook", private, rare=True, notebook_path="a.ipynb"),
    _kind("switch", "switch_notebook", warm, rare=True, notebook_path="b.ipynb"),
    _kind("switch back", "switch_notebook", two_notebooks, rare=True, notebook_path="a.ipynb"),
    _kind(
        "create and show",
        "create_notebook",
        nothing,
        rare=True,
        notebook_path="new.ipynb",
        initial_content="text",
    ),
    _kind("create and switch", "create_notebook", warm, rare=True, notebook_path="new.ipynb"),
    _kind(
        "only create",
        "create_notebook",
        nothing,
        notebook_path="new.ipynb",
        switch_to_notebook=False,
    ),
    _kind(
        "begin a conversation",
        "create_conversation_notebook",
        nothing,
        rare=True,
        conversation_id="c1",
    ),
    _kind(
        "begin a conversation like another notebook",
        "create_conversation_notebook",
        warm,
        conversation_id="c1",
        template="b.ipynb",
    ),
    _kind(
        "go back to a conversation",
        "create_conversation_notebook",
        talked,
        rare=True,
        conversation_id="c1",
    ),
    _kind("list conversations", "list_conversations", talked, rare=True),
    _kind("list what people have open", "list_open_notebooks", talked),
    _kind("see what the person sees", "get_user_context", looked_on),
    _kind("show", "show_in_lab", looked_on, notebook_path="a.ipynb", cell_index=1),
    _kind("list files", "list_files", nothing),
    _kind("list kernels", "list_kernels", private),
    _kind("export", "export_notebook", format="py"),
    _kind("install, first", "install_packages", packages=["tiny"]),
    _kind("install", "install_packages", warm, packages=["tiny", "nope"]),
    _kind("list sessions", "list_sessions", private),
    _kind("list activity", "list_activity", private),
]
