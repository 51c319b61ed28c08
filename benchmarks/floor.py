"""The floor: a raw jupyter_client on the same kernel, with nothing between it and the kernel."""

from __future__ import annotations

import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient

ANSWER_SECONDS = 30


class RawKernel:
    """A pump of one kernel's shell and iopub sockets, connected through its connection file."""

    def __init__(self, runtime_dir: Path, kernel_id: str) -> None:
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(runtime_dir / f"kernel-{kernel_id}.json"))
        self._client.start_channels(stdin=False, hb=False, control=False)
        self._client.wait_for_ready(timeout=ANSWER_SECONDS)

    def run(self, code: str) -> float:
        """Seconds until the reply and the idle status are both here."""
        begin = time.perf_counter()
        request = self._client.execute(code, allow_stdin=False)
        replied = idle = False
        while not idle:
            message = self._client.get_iopub_msg(timeout=ANSWER_SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            idle = (
                message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            )
        while not replied:
            reply = self._client.get_shell_msg(timeout=ANSWER_SECONDS)
            replied = reply["parent_header"].get("msg_id") == request
        return time.perf_counter() - begin

    def close(self) -> None:
        self._client.stop_channels()
