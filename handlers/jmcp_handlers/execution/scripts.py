"""Running Python that calls tools."""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import version
from typing import Any

from jmcp.core.calls.call import UnknownToolError
from jmcp.core.errors import ToolError
from jmcp.core.ports import KernelConnection, Reply
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import limits, phrases
from jmcp_api.enums import ScriptStatus
from jmcp_api.errors import KernelUnable
from jmcp_api.models import RunScriptParams, ScriptResult
from jmcp_handlers.support.outputs.output_results import clip
from jmcp_handlers.support.scripts import kernel
from jmcp_handlers.support.scripts.output import ScriptOutput

OWN_TOOL = "run_script"
LANGUAGE = "python"


async def run_script(params: RunScriptParams, workspace: Workspace) -> ScriptResult:
    if params.session_id is not None:
        await workspace.sessions(
            params.session_id
        )  # one of the caller's own, before a kernel starts
    specs, default = await workspace.kernelspecs()
    language = next((spec.language for spec in specs if spec.name == default), "")
    if language and language.lower() != LANGUAGE:
        raise KernelUnable.scripts_language(kernel_name=default, language=language)
    async with workspace.scratch_kernel(default) as connection:
        try:
            await kernel.connect(connection, params.code, params.session_id)
        except kernel.ClientMissing as error:
            raise KernelUnable.scripts_client(
                kernel_name=default, reason=str(error)[:300], version=version("jmcp")
            ) from error
        return await _Script(params, workspace).run(connection)


class _Script:
    """One script while it runs."""

    def __init__(self, params: RunScriptParams, workspace: Workspace) -> None:
        self._params = params
        self.workspace = workspace
        self._output = ScriptOutput(limits.RESULT_CHARACTERS)
        self._session_id = params.session_id
        self._calls = 0

    async def run(self, connection: KernelConnection) -> ScriptResult:
        began = time.monotonic()
        status = await self._status(connection)
        text, missing = clip(self._output.text, 0, limits.RESULT_CHARACTERS)
        missing += self._output.dropped
        if status == "timeout":
            text += phrases.script_timeout(seconds=self._params.timeout)
        elif status == "kernel_died":
            text += phrases.script_kernel_died()
        return ScriptResult(
            status=status,
            output=text,
            left_out=missing or None,
            calls=self._calls,
            seconds=round(time.monotonic() - began, 3),
            session_id=self._session_id,
        )

    async def _status(self, connection: KernelConnection) -> ScriptStatus:
        """Returns when the script is over, or at the end of its time; its kernel is then stopped."""
        try:
            async with asyncio.timeout(self._params.timeout) as limit:
                reply = await connection.run(
                    self._params.code,
                    self._output.on_message,
                    store_history=False,
                    on_input=self._on_input,
                )
        except TimeoutError:
            if not limit.expired():
                raise
            return "timeout"
        return _status_of(reply)

    async def _on_input(self, prompt: str) -> str:
        return await kernel.answered(prompt, self._answer)

    async def _answer(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the client in the kernel is told of a call."""
        self._calls += 1
        if tool == OWN_TOOL:
            return _failed(KernelUnable.nested_script(kernel_name=None))
        try:
            outcome = await self.workspace.call(tool, arguments)
        except UnknownToolError:
            return _failed(KernelUnable.unknown_tool(kernel_name=None, tool=tool))
        if outcome.error is not None:
            return _failed(outcome.error)
        result = outcome.result or {}
        self._note_session(tool, arguments, result)
        images = [{"mime_type": one.mime_type, "data": one.data} for one in outcome.images]
        return {"success": True, "result": result, "text": outcome.text, "images": images}

    def _note_session(self, tool: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
        """As the client in the kernel does it."""
        from jmcp_api.client_tools import CLIENT_TOOLS  # not at the start of each server

        used = arguments.get("session_id")
        if CLIENT_TOOLS[tool].opens:
            self._session_id = result.get("session_id") or used or self._session_id
        elif result.get("session_ended") and self._session_id == used:
            self._session_id = None


def _status_of(reply: Reply) -> ScriptStatus:
    if reply.status == "lost":
        return "kernel_died"
    return "ok" if reply.status == "ok" else "error"


def _failed(error: ToolError) -> dict[str, Any]:
    return {
        "success": False,
        "code": error.code,
        "message": error.message,
        "details": error.details,
    }
