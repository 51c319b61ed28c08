"""What jmcp notes of a kernel's activity in the place of Jupyter's own watcher."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from jupyter_client.session import Session
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from jmcp_jupyter.kernels.common.messages import message_of
from jmcp_jupyter.kernels.local.activity import ACTIVITY_INTERVAL, ActivityRecord

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
CAUSES = (None, "execute_request", "kernel_info_request", "comm_info_request")
MESSAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"execution_state": "starting"}),
    ("status", {"execution_state": "busy"}),
    ("status", {"execution_state": "idle"}),
    ("stream", {"name": "stdout", "text": "x"}),
    ("comm_msg", {"comm_id": "c", "data": {}}),
)


class Stream:
    """A subscription to a kernel's messages that a test feeds."""

    def __init__(self) -> None:
        self.socket = SimpleNamespace(closed=False)
        self.feed: Callable[[list[bytes]], None]

    def on_recv(self, callback: Callable[[list[bytes]], None]) -> None:
        self.feed = callback

    def close(self) -> None:
        self.socket.closed = True


class OwnManager(AsyncMappingKernelManager):
    """A manager with a watcher of its own."""

    def start_watching_activity(self, kernel_id: str) -> None:
        AsyncMappingKernelManager.start_watching_activity(self, kernel_id)


class Watched:
    """Jupyter's manager with one kernel, `k`, that is only its record."""

    def __init__(self, kind: type[AsyncMappingKernelManager] = AsyncMappingKernelManager) -> None:
        self.manager: Any = kind()
        self.stream = Stream()
        self.kernel = SimpleNamespace(
            session=Session(key=b"key"),
            execution_state="starting",
            last_activity=LONG_AGO,
            connect_iopub=lambda: self.stream,
        )
        self.manager._kernels["k"] = self.kernel
        self.record = ActivityRecord(self.manager, "k")

    def watch(self) -> None:
        """Let Jupyter watch."""
        self.manager.start_watching_activity("k")

    def noted(self) -> tuple[str, bool, bool]:
        """The state, and whether activity was noted since the last call, of kernel and server."""
        kernel, manager = self.kernel, self.manager
        activity, of_server = kernel.last_activity, manager.last_kernel_activity
        kernel.last_activity = manager.last_kernel_activity = LONG_AGO
        return kernel.execution_state, activity > LONG_AGO, of_server > LONG_AGO


def test_all_that_jupyter_notes_is_noted() -> None:
    jupyter, jmcp = Watched(), Watched()
    session = Session(key=b"key")
    jupyter.watch()
    jmcp.watch()
    jmcp.record.take_over()
    for state in ("starting", "idle", "busy"):
        jupyter.kernel.execution_state = jmcp.kernel.execution_state = state
        for cause, (kind, content) in itertools.product(CAUSES, MESSAGES):
            parent = None if cause is None else session.msg(cause)
            parts = session.serialize(session.msg(kind, content, parent=parent))
            jupyter.noted(), jmcp.noted()
            jupyter.stream.feed(parts)
            jmcp.record.note(message_of("iopub", parts[2:6]))
            assert jmcp.noted() == jupyter.noted(), (state, cause, kind, content)


def test_activity_is_noted_with_each_new_state_and_when_some_time_has_passed() -> None:
    watched = Watched()
    watched.watch()
    watched.record.take_over()
    output = message_of("iopub", [b'{"msg_type": "stream"}', b"{}", b"{}", b"{}"])
    kernel = watched.kernel
    kernel.last_activity = just_now = datetime.now(UTC)
    watched.record.note(output)
    assert kernel.last_activity == just_now
    parts = [b'{"msg_type": "status"}', b"{}", b"{}", b'{"execution_state": "busy"}']
    watched.record.note(message_of("iopub", parts))
    assert kernel.last_activity > just_now
    kernel.last_activity = just_now - 2 * ACTIVITY_INTERVAL
    watched.record.note(output)
    assert kernel.last_activity >= just_now


def test_jupyters_watcher_stops_while_jmcp_reads_and_goes_on_afterwards() -> None:
    watched = Watched()
    watched.watch()
    first, kernel, record = watched.stream, watched.kernel, watched.record
    kernel.execution_state, kernel.last_activity = "busy", "then"
    record.begin()
    record.take_over()
    assert first.socket.closed
    watched.stream = Stream()
    record.give_back()
    assert kernel._activity_stream is watched.stream
    assert (kernel.execution_state, kernel.last_activity) == ("busy", "then")

    # What was not taken is not given back.
    second, watched.stream = watched.stream, Stream()
    record.give_back()
    assert kernel._activity_stream is second

    # Jupyter, too, may begin to watch again, as after a restart on other ports.
    record.take_over()
    watched.watch()
    record.take_over()
    assert kernel._activity_stream is None
    del watched.manager._kernels["k"]
    record.give_back()
    assert kernel._activity_stream is None


def test_a_watcher_that_is_behind_leaves_no_old_state() -> None:
    watched, session = Watched(), Session(key=b"key")
    watched.watch()
    watched.record.begin()
    parents = (None, session.msg("kernel_info_request"))
    for state, parent in zip(("starting", "busy"), parents, strict=True):
        message = session.msg("status", {"execution_state": state}, parent=parent)
        watched.record.note(message_of("iopub", session.serialize(message)[2:6]))
    assert watched.kernel.execution_state == "starting"  # Jupyter has yet to read both
    watched.record.take_over()
    assert watched.kernel.execution_state == "idle"


def test_a_restart_that_waits_for_its_kernel_is_not_disturbed() -> None:
    watched = Watched()
    watched.watch()
    ended: list[str] = []
    watched.kernel._pending_restart_cleanup = lambda: ended.append("cleaned up")
    watched.record.take_over()
    assert (ended, watched.stream.socket.closed) == ([], False)
    watched.kernel._pending_restart_cleanup = None
    watched.record.take_over()
    assert watched.stream.socket.closed


def test_a_manager_that_watches_in_its_own_way_is_left_alone() -> None:
    watched = Watched(OwnManager)
    watched.watch()
    watched.record.take_over()
    assert not watched.stream.socket.closed
    watched.noted()
    watched.record.note(message_of("iopub", [b'{"msg_type": "stream"}', b"{}", b"{}", b"{}"]))
    assert watched.noted() == ("starting", False, False)
