"""The kernel of one script: what it is asked, and what it asks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from jmcp.core.ports import KernelConnection, Reply
from jmcp_api.backend_errors import KernelDown
from jmcp_handlers.support.kernel_expression import decoded, expression

SCRIPT_MODULE = "jmcp_script"
CONNECT_SECONDS = 60.0
"""Seconds that a kernel has to import the client."""


class ClientMissing(Exception):
    """Scripts of that kernel cannot call tools."""


@cache
def _source() -> str:
    return Path(__file__).with_name("kernel_client.py").read_text("utf-8")


async def connect(connection: KernelConnection, code: str, session_id: str | None) -> None:
    """Connect the client in a new kernel. Raises ClientMissing, KernelDown."""
    asked = {"code": code, "session_id": session_id}
    question = expression(_source(), function="connect", asked=asked, module=SCRIPT_MODULE)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reply = await connection.ask(question, _ignored)
    except TimeoutError as error:
        raise KernelDown.silent(kernel_id=connection.kernel_id, seconds=CONNECT_SECONDS) from error
    if reply.status == "lost":
        raise KernelDown.died_before_answer()
    _check(reply)


def _check(reply: Reply) -> None:
    answer = reply.answer or {}
    if answer.get("status") != "ok":
        raise ClientMissing(str(answer.get("evalue") or reply.evalue or reply.status))
    try:
        failed = decoded(str(answer.get("data", {}).get("text/plain"))).get("failed")
    except ValueError as error:
        raise ClientMissing(str(error)) from error
    if failed is not None:
        raise ClientMissing(str(failed))


def _ignored(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Of what the client's import prints, nobody is told."""


Answer = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


async def answered(prompt: str, answer: Answer) -> str:
    """What the code gets that asked for input: the answer of a tool, as JSON text; none where it is
    no call of the client."""
    try:
        asked = json.loads(prompt)
        tool, arguments = asked["tool"], asked["arguments"]
    except (ValueError, TypeError, KeyError):
        return ""
    if not isinstance(tool, str) or not isinstance(arguments, dict):
        return ""
    return json.dumps(await answer(tool, arguments))
