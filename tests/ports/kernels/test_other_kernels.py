"""Kernels that are not ipykernel, whose messages differ: xeus, which is C++, and bash."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from jmcp.core.kernels import odd_messages
from jmcp.core.ports import KernelConnection, Kernels, NotebookRef
from jmcp_handlers.support.variables.question import answered, question
from tests.ports.kernels.conftest import LIMIT, Heard, both
from tests.thorough import thorough

AGAIN_SECONDS = 5
"""After so long an interrupt that was not heard is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A kernel's module, and what is wrong and right in its language."""

    module: str
    prints_21: str
    sets_x: str
    prints_x: str
    fails: str
    error: tuple[str, str]
    """What the name and the value of its error are, or have in them."""
    answers: bool
    """Whether it evaluates expressions, which only Python's can be asked for variables with."""
    sleeps: str | None
    """None where an interrupt ends the kernel, which it does to xeus-python without jmcp too."""


PROGRAMS = {
    "bash": Program(
        module="bash_kernel",
        prints_21="echo $((20 + 1))",
        sets_x="x=5",
        prints_x="echo [$x]",
        fails="no_such_command",
        error=("", "127"),
        answers=False,
        sleeps="echo begun; sleep 60",
    ),
    "xpython": Program(
        module="xpython_launcher",
        prints_21="print(20 + 1)",
        sets_x="x = 5",
        prints_x="print([globals().get('x', '')])",
        fails="1/0",
        error=("ZeroDivisionError", "division by zero"),
        answers=True,
        sleeps=None,
    ),
}
if sys.platform == "linux" and platform.machine() != "x86_64":
    del PROGRAMS["xpython"]  # it has no wheel there


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, jupyter_home: Path) -> Program:
    """Its kernelspec has the name of the module."""
    program = PROGRAMS[request.param]
    directory = jupyter_home / "data" / "kernels" / program.module
    directory.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", program.module, "-f", "{connection_file}"],
        "display_name": request.param,
        "language": request.param,
    }
    (directory / "kernel.json").write_text(json.dumps(spec))
    return program


async def connected(kernels: Kernels, ref: NotebookRef, program: Program) -> KernelConnection:
    async with asyncio.timeout(LIMIT):
        return await kernels.connect(await kernels.start(ref, program.module))


@pytest.mark.oldest
@both
async def test_runs_are_whole_and_errors_are_errors(
    kernels: Kernels, ref: NotebookRef, program: Program
) -> None:
    connection, odd = await connected(kernels, ref, program), odd_messages.counts.copy()
    for _ in range(2):
        heard = Heard()
        async with asyncio.timeout(LIMIT):
            reply = await connection.run(program.prints_21, heard)
        assert (reply.status, reply.lost, reply.incomplete) == ("ok", None, None)
        assert heard.text == "21\n"
    heard = Heard()
    async with asyncio.timeout(LIMIT):
        reply = await connection.run(program.fails, heard)
    (error,) = heard.of("error")
    assert (reply.status, reply.ename, reply.evalue) == ("error", error["ename"], error["evalue"])
    assert program.error[0] in error["ename"]
    assert program.error[1] == error["evalue"]
    assert connection.generation == 1
    assert odd_messages.counts == odd


async def test_python_says_what_variables_it_has_and_others_that_they_do_not(
    kernels: Kernels, ref: NotebookRef, program: Program
) -> None:
    connection = await connected(kernels, ref, program)
    async with asyncio.timeout(LIMIT):
        await connection.run(program.sets_x, Heard())
        heard = Heard()
        reply = await connection.ask(
            question(
                {"pattern": "x", "type": None, "start": 0, "limit": 0, "each_seconds": 0.1,
                 "all_seconds": 2.0}
            ),
            heard,
        )  # fmt: skip
    assert heard.text == ""
    assert (reply.status, reply.answer is not None) == ("ok", program.answers)
    if reply.answer is not None:
        found = answered(reply.answer["data"]["text/plain"])
        assert [(row["name"], row["preview"]) for row in found["variables"]] == [("x", "5")]


@thorough
@both
async def test_an_interrupt_keeps_the_variables_and_a_restart_does_not(
    kernels: Kernels, ref: NotebookRef, program: Program
) -> None:
    connection = await connected(kernels, ref, program)
    async with asyncio.timeout(LIMIT):
        assert (await connection.run(program.sets_x, Heard())).status == "ok"
    if program.sleeps is not None:
        begun = asyncio.Event()

        def on_message(kind: str, content: dict[str, object], _: dict[str, object]) -> None:
            if "begun" in str(content.get("text")):
                begun.set()

        run = asyncio.create_task(connection.run(program.sleeps, on_message))
        async with asyncio.timeout(LIMIT):
            await begun.wait()
            while not run.done():
                # bash_kernel misses one that comes while it looks for a prompt.
                await kernels.interrupt(connection.kernel_id)
                await asyncio.wait({run}, timeout=AGAIN_SECONDS)
            assert (await run).status != "lost"
    for x, generation in (("5", 1), ("", 2)):
        if generation == 2:
            async with asyncio.timeout(LIMIT):
                await kernels.restart(connection.kernel_id)
        heard = Heard()
        async with asyncio.timeout(LIMIT):
            assert (await connection.run(program.prints_x, heard)).status == "ok"
        assert (heard.text.strip("['\n]"), connection.generation) == (x, generation)
