"""Raw clients of one kernel, with nothing of jmcp between: the floor of a run."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from uuid import uuid4

import websocket
from jupyter_client.blocking.client import BlockingKernelClient

ANSWER_SECONDS = 30


class RawKernel:
    """One kernel's own shell and iopub sockets, found through its connection file."""

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


class RawWebsocket:
    """A websocket of Jupyter Server to one kernel, read by a loop of its own.

    `quick_ack` re-arms TCP_QUICKACK before each read (Linux): without it the server's Nagle and
    this side's delayed acknowledgement wait for each other, 40 ms a run.
    """

    def __init__(self, jupyter_url: str, token: str, kernel_id: str, *, quick_ack: bool) -> None:
        self._session = uuid4().hex
        self._quick_ack = quick_ack
        scheme, _, rest = jupyter_url.partition("://")
        self._socket = websocket.create_connection(
            f"{scheme.replace('http', 'ws')}://{rest}api/kernels/{kernel_id}/channels"
            f"?session_id={self._session}",
            header=[f"Authorization: token {token}"],
            timeout=ANSWER_SECONDS,
        )

    def run(self, code: str) -> float:
        """Seconds until the reply and the idle status are both here."""
        request = uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        header = {
            "msg_id": request,
            "msg_type": "execute_request",
            "session": self._session,
            "username": "",
            "version": "5.3",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content | {"user_expressions": {}},
            "channel": "shell",
            "buffers": [],
        }
        begin = time.perf_counter()
        self._socket.send(json.dumps(message))
        replied = idle = False
        while not (replied and idle):
            if self._quick_ack and self._socket.sock is not None:
                self._socket.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            answer = json.loads(self._socket.recv())
            if answer["parent_header"].get("msg_id") != request:
                continue
            replied = replied or answer["msg_type"] == "execute_reply"
            idle = idle or answer["content"].get("execution_state") == "idle"
        return time.perf_counter() - begin

    def close(self) -> None:
        self._socket.close()
