"""Connects the client of jmcp's tools in the kernel that runs a script. This file runs there, as text.

There is neither an address nor a token: a call is a request for input, which the jmcp that runs the
script answers over the kernel's own channel, for as long as the script runs.
"""

from __future__ import annotations

import builtins
import contextvars
import getpass
import json
import threading
import traceback
from typing import Any

PROMPT_BYTES = 900_000
"""Of one call: larger messages of kernels are read in parts."""


def connect(variables: dict[str, Any], asked: str) -> str:
    """Put `client` among the variables. `asked` has what the script is given; returns what failed, as
    JSON."""
    given = json.loads(asked)
    try:
        from IPython import get_ipython

        shell: Any = get_ipython()
        variables["client"] = _client(shell.kernel, given["session_id"])
        shell.set_custom_exc((BaseException,), _shown(variables, given["code"].splitlines()))
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told
        return json.dumps({"failed": f"{type(error).__name__}: {error}"})
    return json.dumps({})


def _client(kernel: Any, session_id: str | None) -> Any:
    """Every tool, in the session of the script."""
    from jmcp.client.answer import answered
    from jmcp_api import client, errors, phrases

    ask = _asker(kernel, phrases.no_input_in_scripts())

    class ScriptConnection:
        """Calls tools, and prints what the server notices."""

        async def call(self, tool: Any, arguments: Any, on_progress: Any = None) -> Any:
            content = json.dumps({"tool": tool.name, "arguments": dict(arguments)})
            if len(content) > PROMPT_BYTES:
                size, limit = len(content), PROMPT_BYTES
                raise ValueError(phrases.call_too_long(tool=tool.name, size=size, limit=limit))
            body = json.loads(ask(content))
            if body["success"]:
                for notice in body["result"].get("notices", ()):
                    print(f"[{tool.name}] {notice['message']}")  # noqa: T201
                return answered(body, tool.tables)
            code, message, details = body["code"], body["message"], body["details"]
            known = errors.ERRORS.get(code)
            if known is None:
                raise client.UndeclaredError(message, code, details)
            raise known(message, **details)

    class ScriptClient(client.JmcpClient):
        def __init__(self) -> None:
            super().__init__("http://127.0.0.1", session_id=session_id)
            self._calls.connection = ScriptConnection()  # type: ignore[assignment]

        def call_tool(self, name: str, arguments: Any, on_progress: Any = None) -> Any:
            call = self._calls.call(self._tools[name], arguments)
            try:
                call.send(None)
            except StopIteration as ended:
                return ended.value
            raise RuntimeError(name)  # it awaits nothing

    return ScriptClient()


def _asker(kernel: Any, refusal: str) -> Any:
    """What asks the jmcp that runs the script, from any thread. Only that is answered: `input` of the
    script raises."""
    ask, lock = kernel.raw_input, threading.Lock()

    def refuse(*_: object, **__: object) -> str:
        raise EOFError(refusal)

    def asked(content: str) -> str:
        with lock:
            return str(contextvars.copy_context().run(ask, content))

    kernel.raw_input = kernel.getpass = refuse
    builtins.input = refuse
    getpass.getpass = refuse
    return asked


def _shown(variables: dict[str, Any], lines: list[str]) -> Any:
    """Shows an exception with the script's own lines, and not those of the client."""

    def show(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: Any = None) -> list[str]:
        shown = []
        for frame, number in traceback.walk_tb(trace):
            if frame.f_globals is variables and frame.f_code.co_filename != __name__:
                source = lines[number - 1].strip() if number <= len(lines) else ""
                shown.append(f"line {number}: {source}")
        if len(shown) > 8:  # a recursion
            shown = [*shown[:4], "...", *shown[-4:]]
        text = [*shown, f"{kind.__name__}: {error}"]
        shell._showtraceback(kind, error, text)
        return text

    return show
