"""The functional checks of the older servers' suite, each as a function that an old client runs.

`CHECKS` is the table: the group of that suite, the check's name there, and the function here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from jmcp_api import limits
from tests.scenarios.compat.old_client import (
    CELLS,
    OldClient,
    call,
    cells,
    contents,
    notebook_text,
    refused,
)

Function = Callable[[OldClient], Awaitable[None]]
HINT = "full_output=True"
PIXEL = (
    "base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg==')"
)
SPIN = "import time\nprint('so far', flush=True)\nwhile True: time.sleep(0.01)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`kernel`: it needs a real one; the others run on the fakes."""

    group: str
    name: str
    kernel: bool
    run: Function

    def __str__(self) -> str:
        return f"{self.group}-{self.name}".replace(" ", "-")


CHECKS: list[Check] = []


def check(group: str, name: str, *, kernel: bool = False) -> Callable[[Function], Function]:
    def added(run: Function) -> Function:
        CHECKS.append(Check(group=group, name=name, kernel=kernel, run=run))
        return run

    return added


async def ran(old: OldClient, code: str, **arguments: Any) -> dict[str, Any]:
    """A cell with that code, run."""
    return await call(old, "append_execute_code_cell", cell_source=code, **arguments)


async def added_cell(old: OldClient, code: str) -> int:
    """The index of a new cell with that code, which is not run."""
    return int((await call(old, "append_code_cell", cell_source=code))["cell_index"])


# -- info -----------------------------------------------------------------------------------------


@check("info", "notebook info")
async def notebook_info(old: OldClient) -> None:
    info = await call(old, "get_notebook_info")
    assert info["room_id"].endswith(".ipynb")
    assert (info["total_cells"], info["cell_types"]) == (3, {"code": 2, "markdown": 1})


@check("info", "notebook info follows edits")
async def notebook_info_follows_edits(old: OldClient) -> None:
    await call(old, "append_markdown_cell", cell_source="more")
    await call(old, "delete_cell", cell_index=1)
    info = await call(old, "get_notebook_info")
    assert (info["total_cells"], info["cell_types"]) == (3, {"code": 1, "markdown": 2})


# -- reading --------------------------------------------------------------------------------------


@check("reading", "read all cells")
async def read_all(old: OldClient) -> None:
    found = await cells(old)
    assert [(cell.get("cell_type", "code"), cell["content"]) for cell in found] == CELLS
    assert [(cell["cell_index"], cell["cell_id"]) for cell in found] == [
        (index, f"c{index}") for index in range(3)
    ]
    assert all((cell["output"], cell["images"]) == ([], []) for cell in found)


@check("reading", "read one cell")
async def read_one(old: OldClient) -> None:
    for name in ("cell_index", "index"):
        assert (await call(old, "read_cell", **{name: 1}))["source"] == "x = 1"


@check("reading", "read the outputs of cells that ran", kernel=True)
async def read_outputs(old: OldClient) -> None:
    good, bad = await ran(old, "print('out'); 6 * 7"), await ran(old, "1 / 0")
    pixel = await ran(old, f"import base64\nfrom IPython.display import Image\nImage({PIXEL})")
    found = {cell["cell_id"]: cell for cell in await cells(old)}
    for made in (good, bad, pixel):
        assert found[made["cell_id"]].items() <= made.items()
    assert good["output"] == ["out\n", "42"]
    assert bad["error"]["type"] == "zero_division_error"
    (image,) = pixel["images"]
    assert (image["mime_type"], image["size_bytes"]) == ("image/png", len(image["base64_data"]))
    assert image["base64_data"] in PIXEL
    assert image["base64_data"] not in str(pixel["output"])


# -- markdown -------------------------------------------------------------------------------------


@check("markdown", "append markdown")
async def append_markdown(old: OldClient) -> None:
    added = await call(old, "append_markdown_cell", cell_source="## End")
    assert (added["change"], added["cell_index"], added["cell_count"]) == ("inserted", 3, 4)
    last = (await cells(old))[-1]
    assert (last["cell_type"], last["content"]) == ("markdown", "## End")


@check("markdown", "insert markdown")
async def insert_markdown(old: OldClient) -> None:
    added = await call(old, "insert_markdown_cell", cell_index=1, cell_source="between")
    assert added["cell_index"] == 1
    assert await contents(old) == ["# Title", "between", "x = 1", "x + 1"]


@check("markdown", "overwrite markdown")
async def overwrite_markdown(old: OldClient) -> None:
    changed = await call(old, "overwrite_cell_source", cell_index=0, cell_source="# Other")
    assert changed["change"] == "overwritten"
    assert "+# Other" in changed["diff"]
    assert (await cells(old))[0]["cell_type"] == "markdown"
    assert (await contents(old))[0] == "# Other"


# -- code -----------------------------------------------------------------------------------------


@check("code", "append code without running it")
async def append_code(old: OldClient) -> None:
    added = await call(old, "append_code_cell", source="y = 1")
    assert (added["change"], added["cell_index"]) == ("inserted", 3)
    last = (await cells(old))[-1]
    assert (last["content"], last["output"], last.get("cell_type", "code")) == ("y = 1", [], "code")
    assert "execution_count" not in await call(old, "read_cell", cell_index=3)


@check("code", "append and execute", kernel=True)
async def append_and_execute(old: OldClient) -> None:
    count = (await call(old, "get_notebook_info"))["total_cells"]
    cell = await ran(old, "a = 6\na * 7")
    assert (cell["cell_index"], cell["content"], cell["output"]) == (count, "a = 6\na * 7", ["42"])
    assert (await call(old, "read_cell", cell_id=cell["cell_id"]))["source"] == "a = 6\na * 7"


@check("code", "insert and execute", kernel=True)
async def insert_and_execute(old: OldClient) -> None:
    run = await call(
        old, "insert_execute_code_cell", cell_index=0, cell_source="print('top')", full_output=True
    )
    assert run["outputs"] == [{"text": "top\n"}]
    first = (await cells(old))[0]
    assert (first["content"], first["output"]) == ("print('top')", ["top\n"])


# -- execution ------------------------------------------------------------------------------------


@check("execution", "execute with progress", kernel=True)
async def with_progress(old: OldClient) -> None:
    code = "import time\nfor n in range(3):\n    print('step', n, flush=True)\n    time.sleep(0.4)"
    at = await added_cell(old, code)
    result = await call(old, "execute_cell_with_progress", cell_index=at, timeout_seconds=60)
    assert not {"error", "warning"} & result.keys()
    assert (result["text_outputs"], result["images"]) == (["step 0\nstep 1\nstep 2\n"], [])
    assert old.told
    assert all(message.startswith(("running", "queued")) for message in old.told)
    assert any("step" in message for message in old.told)


@check("execution", "execute with progress, by its other name", kernel=True)
async def with_progress_by_its_other_name(old: OldClient) -> None:
    at = await added_cell(old, "print('once')")
    arguments = {"index": at, "timeout": 60, "full_output": True}
    assert (await call(old, "execute_with_progress", **arguments))["text_outputs"] == ["once\n"]


@check("execution", "execute with a simple timeout", kernel=True)
async def simple_timeout(old: OldClient) -> None:
    at = await added_cell(old, "print('printed'); {'a': 1}")
    result = await call(old, "execute_cell_simple_timeout", cell_index=at, timeout_seconds=60)
    assert result["text_outputs"] == ["printed\n", "{'a': 1}"]


@check("execution", "execute with a streamed log", kernel=True)
async def streaming(old: OldClient) -> None:
    code = "import time\nprint('first', flush=True)\ntime.sleep(1.7)\nprint('second')\n'end'"
    at = await added_cell(old, code)
    result = await call(
        old, "execute_cell_streaming", cell_index=at, timeout_seconds=60, progress_interval=1
    )
    log = result["result"]
    seconds = [float(line.partition(" s]")[0].removeprefix("[")) for line in log]
    assert seconds == sorted(seconds)
    texts = [line.partition("] ")[2] for line in log]
    assert texts[0] == "first"
    assert texts[-3:] == ["second", "'end'", "completed"]
    assert any(text.startswith("running, 1 output") for text in texts)
    # Live: what the log says, while the cell ran.
    assert {log[0], *(line for line in log if "running, " in line)} <= {*old.told}


# -- manipulation ---------------------------------------------------------------------------------


@check("manipulation", "overwrite a cell")
async def overwrite(old: OldClient) -> None:
    await call(old, "overwrite_cell_source", index=1, source="x = 2\ny = 3")
    assert await contents(old) == ["# Title", "x = 2\ny = 3", "x + 1"]


@check("manipulation", "delete a cell")
async def delete(old: OldClient) -> None:
    gone = await call(old, "delete_cell", cell_index=1)
    assert (gone["deleted"][0]["source"], gone["cell_count"]) == ("x = 1", 2)
    assert await contents(old) == ["# Title", "x + 1"]


@check("manipulation", "insert into the middle")
async def insert_into_the_middle(old: OldClient) -> None:
    await call(old, "insert_cell", cell_index=1, cell_type="code", cell_source="w = 0")
    assert await contents(old) == ["# Title", "w = 0", "x = 1", "x + 1"]
    assert (await call(old, "read_cell", cell_index=2))["source"] == "x = 1"


# -- management -----------------------------------------------------------------------------------


@check("management", "create a notebook")
async def create(old: OldClient) -> None:
    session = await session_of(old)
    path = f"made by {session}.ipynb"
    asked = {"notebook_path": path, "initial_content": "# Plan", "session_id": session}
    made = await call(old, "create_notebook", **asked)
    assert (made["opening"], made["notebook_path"]) == ("created", path)
    assert (await call(old, "get_notebook_info"))["room_id"] == path
    first = (await cells(old))[0]
    assert (first["cell_type"], first["content"]) == ("markdown", "# Plan")
    assert await refused(old, "create_notebook", **asked) == "notebook_exists"


@check("management", "list notebooks")
async def list_notebooks(old: OldClient) -> None:
    room = (await call(old, "get_notebook_info"))["room_id"]
    listed = await call(old, "list_notebooks", scope="workspace", limit=0)
    assert room in [row["notebook_path"] for row in listed["notebooks"]]
    mine = await call(old, "list_notebooks", session_id=await session_of(old))
    assert [row["notebook_path"] for row in mine["notebooks"] if row.get("current")] == [room]


@check("management", "switch and switch back")
async def switch(old: OldClient) -> None:
    session, first = await session_of(old), (await call(old, "get_notebook_info"))["room_id"]
    second = f"second of {session}.ipynb"
    old.put(second, notebook_text([("markdown", "only")]))
    there = await call(old, "switch_notebook", notebook_path=second, session_id=session)
    assert there["notebook_path"] == second
    assert await contents(old) == ["only"]
    await call(old, "switch_notebook", path=first, close_other_tabs=False, session_id=session)
    assert await contents(old) == [source for _, source in CELLS]


async def session_of(old: OldClient) -> str:
    """The session's id, which every result has that was asked for without one."""
    return str((await call(old, "get_notebook_info"))["session_id"])


# -- workspace ------------------------------------------------------------------------------------


@check("workspace", "prepare a notebook, which is open then", kernel=True)
async def prepare(old: OldClient) -> None:
    info = await call(old, "get_notebook_info")
    room, session = info["room_id"], info["session_id"]
    shown = await call(old, "prepare_notebook", notebook_path=room, session_id=session)
    assert shown["notebook_path"] == room
    assert "token" not in shown["url"]
    assert (await call(old, "get_notebook_info"))["room_id"] == room
    listed = await call(old, "list_open_notebooks")
    assert room in [row["notebook_path"] for row in listed["notebooks"]]


@check("workspace", "the state of the kernel", kernel=True)
async def kernel_state(old: OldClient) -> None:
    await ran(old, "1")
    room = (await call(old, "get_notebook_info"))["room_id"]
    rows = (await call(old, "list_kernels"))["kernels"]
    (state,) = (row["state"] for row in rows if row.get("notebook_path") == room)
    assert state in ("idle", "busy")


# -- error and warning detection ------------------------------------------------------------------


def raising(code: str, kind: str, message: str) -> Function:
    async def run(old: OldClient) -> None:
        cell = await ran(old, code)
        assert cell["error"] == {"type": kind, "message": message}
        assert "warning" not in cell
        # The kernel is as good as before.
        assert (await ran(old, "1 + 1"))["output"] == ["2"]

    return run


for code, kind, message in (
    ("undefined_name", "name_error", "NameError: name 'undefined_name' is not defined"),
    ("len(3)", "type_error", "TypeError: object of type 'int' has no len()"),
    (
        "int('x')",
        "value_error",
        "ValueError: invalid literal for int() with base 10: 'x'",
    ),
    ("1 / 0", "zero_division_error", "ZeroDivisionError: division by zero"),
    ("[][0]", "index_error", "IndexError: list index out of range"),
):
    check("error and warning detection", f"runtime error: {kind}", kernel=True)(
        raising(code, kind, message)
    )


@check("error and warning detection", "syntax error", kernel=True)
async def syntax_error(old: OldClient) -> None:
    cell = await ran(old, "def f(:")
    assert cell["error"]["type"] == "syntax_error"
    assert cell["error"]["message"].startswith("SyntaxError: ")
    assert not any("\x1b" in text for text in cell["output"])


@check("error and warning detection", "user warning", kernel=True)
async def user_warning(old: OldClient) -> None:
    cell = await ran(old, "import warnings\nwarnings.warn('look out')\n'done'")
    assert cell["warning"] == {"type": "user_warning", "message": "UserWarning: look out"}
    assert "error" not in cell
    assert cell["output"][-1] == "'done'"


@check("error and warning detection", "a clean run has no such keys", kernel=True)
async def clean(old: OldClient) -> None:
    printed = "print('ValueError: x')\nprint('a.py:1: UserWarning: y')\nimport sys\n"
    printed += "print('KeyError: z', file=sys.stderr)"
    for code in ("x = 1", "print('fine')", printed):
        cell = await ran(old, code)
        assert not {"error", "warning"} & cell.keys(), cell
    custom = await ran(old, "class OrderRejected(Exception): ...\nraise OrderRejected('no stock')")
    wanted = {"type": "order_rejected", "message": "OrderRejected: no stock"}
    assert custom["error"] == wanted


# -- truncation -----------------------------------------------------------------------------------


@check("truncation", "long output is cut", kernel=True)
async def cut(old: OldClient) -> None:
    cell = await ran(old, "print('a' * 2_000, end='')\nimport sys; sys.stdout.flush()\n'b' * 900")
    long, short = cell["output"]
    assert limits.SHORT_OUTPUT_CHARACTERS <= len(long) < 1_200
    assert HINT in long
    assert short == repr("b" * 900)
    same = (await cells(old))[-1]["output"]  # in full
    assert same == ["a" * 2_000, repr("b" * 900)]


@check("truncation", "full output is not, up to its own limit", kernel=True)
async def not_cut(old: OldClient) -> None:
    cell = await ran(old, "print('a' * 39_000, end='')", full_output=True)
    assert cell["output"] == ["a" * 39_000]
    (longer,) = (await ran(old, "print('a' * 50_000)", full_output=True))["output"]
    assert limits.FULL_OUTPUT_CHARACTERS <= len(longer) < 40_300
    assert "read_cell" in longer
    assert HINT not in longer


# -- stress and synchronisation -------------------------------------------------------------------


@check("stress sync", "rapid serial insertions")
async def rapid_insertions(old: OldClient) -> None:
    wanted = [source for _, source in CELLS]
    for number in range(5):
        await call(old, "append_markdown_cell", cell_source=f"text {number}")
        wanted.append(f"text {number}")
    for number in range(5):
        await call(old, "append_code_cell", cell_source=f"n = {number}")
        wanted.append(f"n = {number}")
        assert len(await contents(old)) == len(wanted)  # after each, at once
    assert await contents(old) == wanted


@check("stress sync", "mixed operations")
async def mixed(old: OldClient) -> None:
    wanted = [source for _, source in CELLS]
    for number in range(12):
        match number % 4:
            case 0:
                await call(old, "append_markdown_cell", cell_source=f"m{number}")
                wanted.append(f"m{number}")
            case 1:
                await call(old, "insert_markdown_cell", cell_index=1, cell_source=f"i{number}")
                wanted.insert(1, f"i{number}")
            case 2:
                await call(old, "overwrite_cell_source", cell_index=2, cell_source=f"o{number}")
                wanted[2] = f"o{number}"
            case _:
                await call(old, "delete_cell", cell_index=0)
                del wanted[0]
        assert (await call(old, "get_notebook_info"))["total_cells"] == len(wanted)
    assert await contents(old) == wanted


@check("stress sync", "rapid deletions")
async def rapid_deletions(old: OldClient) -> None:
    for number in range(10):
        await call(old, "append_code_cell", cell_source=f"n = {number}")
    for number in reversed(range(10)):
        gone = await call(old, "delete_cell", cell_index=3 + number)
        assert gone["deleted"][0]["source"] == f"n = {number}"
    assert await contents(old) == [source for _, source in CELLS]


@check("stress sync", "edge positions")
async def edges(old: OldClient) -> None:
    await call(old, "insert_markdown_cell", cell_index=0, cell_source="first")
    await call(old, "insert_markdown_cell", cell_index=4, cell_source="last")
    await call(old, "insert_markdown_cell", cell_index=-1, cell_source="behind")
    assert await contents(old) == ["first", "# Title", "x = 1", "x + 1", "last", "behind"]
    beyond = await refused(old, "insert_markdown_cell", cell_index=7, cell_source="no")
    assert beyond == "cell_not_found"
    assert len(await contents(old)) == 6


@check("stress sync", "read consistency")
async def consistent(old: OldClient) -> None:
    for number in range(5):
        await call(old, "append_code_cell", cell_source=f"n = {number}")
        found, info = await cells(old), await call(old, "get_notebook_info")
        assert info["total_cells"] == len(found)
        for cell in found:
            one = await call(old, "read_cell", cell_index=cell["cell_index"])
            assert (one["cell_id"], one["source"]) == (cell["cell_id"], cell["content"])
        assert await cells(old) == found


# -- connection resilience ------------------------------------------------------------------------


@check("connection resilience", "after a restart of the kernel", kernel=True)
async def after_restart(old: OldClient) -> None:
    await ran(old, "kept = 1")
    assert (await call(old, "restart_notebook"))["action"] == "restarted"
    cell = await ran(old, "kept")
    assert cell["error"]["type"] == "name_error"
    assert (await ran(old, "kept = 2\nkept"))["output"] == ["2"]


@check("connection resilience", "after the death of the kernel", kernel=True)
async def after_death(old: OldClient) -> None:
    cell = await ran(old, "import os, time\ntime.sleep(0.2)\nos._exit(1)")
    assert cell["error"]["type"] == "kernel_died"
    assert (await ran(old, "'alive'"))["output"] == ["'alive'"]


# -- large data -----------------------------------------------------------------------------------


@check("large data", "a batch of 20 cells")
async def batch(old: OldClient) -> None:
    for number in range(20):
        added = await call(old, "append_code_cell", cell_source=f"value_{number} = {number}")
        assert added["cell_index"] == 3 + number
    assert (await contents(old))[3:] == [f"value_{number} = {number}" for number in range(20)]


@check("large data", "a cell of 13 kB")
async def large_cell(old: OldClient) -> None:
    source = "\n".join(f"value_{number:04} = 'some text of a line'" for number in range(420))
    assert len(source) > 13_000
    await call(old, "append_code_cell", cell_source=source)
    assert (await contents(old))[-1] == source


@check("large data", "a line of 10 000 characters", kernel=True)
async def long_line(old: OldClient) -> None:
    source = f"text = '{'x' * 10_000}'\nprint(text)"
    cell = await ran(old, source, full_output=True)
    assert (cell["content"], cell["output"]) == (source, ["x" * 10_000 + "\n"])


@check("large data", "an output of 200 lines", kernel=True)
async def many_lines(old: OldClient) -> None:
    whole = "".join(f"line {number}: some text\n" for number in range(200))
    code = "for n in range(200): print(f'line {n}: some text')"
    assert (await ran(old, code, full_output=True))["output"] == [whole]
    (short,) = (await ran(old, code))["output"]
    assert short.startswith("line 0: some text\n")
    assert HINT in short


@check("large data", "100 000 elements in memory", kernel=True)
async def memory(old: OldClient) -> None:
    cell = await ran(old, "data = list(range(100_000))\nprint(len(data), sum(data))\ndata")
    assert cell["output"][0] == "100000 4999950000\n"
    assert len(cell["output"][1]) < 1_200
    assert "error" not in cell


# -- execution edge cases -------------------------------------------------------------------------


@check("execution edge cases", "empty cells and cells of white space", kernel=True)
async def empty(old: OldClient) -> None:
    for source in ("", "   ", "\n\n\t\n", "# only a comment"):
        cell = await ran(old, source)
        assert (cell["content"], cell["output"], cell["images"]) == (source, [], [])
        assert not {"error", "warning"} & cell.keys()


@check("execution edge cases", "unicode", kernel=True)
async def unicode_text(old: OldClient) -> None:
    text = "ünïcode 🎉 中文 \u2028 العربية"
    cell = await ran(old, f"print({text!r})\n'é' + chr(0x1f600)")
    assert cell["output"] == [f"{text}\n", "'é😀'"]
    await call(old, "append_markdown_cell", cell_source=text)
    assert (await contents(old))[-1] == text


@check("execution edge cases", "a timeout leaves the kernel usable", kernel=True)
async def timeout(old: OldClient) -> None:
    await ran(old, "kept = 41")
    at = await added_cell(old, SPIN)
    limit = {"cell_index": at, "timeout_seconds": 0.5}
    assert await refused(old, "execute_cell_simple_timeout", **limit) == "execution_timed_out"
    partial = await call(old, "execute_cell_with_progress", **limit)
    assert partial["text_outputs"][0] == "so far\n"
    assert partial["text_outputs"][-1] == partial["error"]["message"]
    assert partial["error"]["type"] == "timeout_error"
    log = await call(old, "execute_cell_streaming", **limit)
    assert log["error"]["type"] == "timeout_error"
    assert "failed: Interrupted after 0.5 s" in log["result"][-1]
    assert (await ran(old, "kept + 1"))["output"] == ["42"]


# -- invalid input --------------------------------------------------------------------------------


@check("invalid input", "a negative index")
async def negative_index(old: OldClient) -> None:
    for tool, more in (
        ("read_cell", {}),
        ("delete_cell", {}),
        ("overwrite_cell_source", {"cell_source": "no"}),
        ("execute_cell_with_progress", {}),
        ("execute_cell_simple_timeout", {}),
        ("execute_cell_streaming", {}),
    ):
        assert await refused(old, tool, cell_index=-2, **more) == "invalid_arguments", tool
    assert await contents(old) == [source for _, source in CELLS]


@check("invalid input", "an index out of range")
async def out_of_range(old: OldClient) -> None:
    for tool, more in (
        ("read_cell", {}),
        ("delete_cell", {}),
        ("overwrite_cell_source", {"cell_source": "no"}),
        ("insert_markdown_cell", {"cell_source": "no"}),
        ("execute_cell_with_progress", {}),
        ("execute_with_progress", {}),
        ("execute_cell_simple_timeout", {}),
        ("execute_cell_streaming", {}),
    ):
        assert await refused(old, tool, cell_index=99, **more) == "cell_not_found", tool
    assert await contents(old) == [source for _, source in CELLS]


@check("invalid input", "a notebook that is missing")
async def missing_notebook(old: OldClient) -> None:
    session = await session_of(old)
    code = await refused(old, "use_notebook", path="no such.ipynb", session_id=session)
    assert code == "notebook_not_found"
    assert len(await contents(old)) == 3  # the one before is current


@check("invalid input", "invalid names")
async def invalid_names(old: OldClient) -> None:
    session = await session_of(old)
    for path, code in (
        ("../outside.ipynb", "path_refused"),
        ("text.txt", "path_refused"),
        ("a\x00b.ipynb", "path_refused"),
        ("", "invalid_arguments"),
    ):
        arguments = {"notebook_path": path, "mode": "create", "session_id": session}
        assert await refused(old, "use_notebook", **arguments) == code, path
    assert len(await contents(old)) == 3


# -- concurrency ----------------------------------------------------------------------------------


@check("concurrency", "10 appends at once")
async def ten_appends(old: OldClient) -> None:
    added = await asyncio.gather(
        *(call(old, "append_markdown_cell", cell_source=f"text {number}") for number in range(10))
    )
    assert {one["cell_index"] for one in added} == {*range(3, 13)}
    assert sorted((await contents(old))[3:]) == sorted(f"text {number}" for number in range(10))


@check("concurrency", "5 appends that run at once", kernel=True)
async def five_appends(old: OldClient) -> None:
    made = await asyncio.gather(*(ran(old, f"{number} * 10") for number in range(5)))
    assert [cell["output"] for cell in made] == [[str(number * 10)] for number in range(5)]
    assert len({cell["cell_id"] for cell in made}) == 5


@check("concurrency", "20 readings at once")
async def twenty_readings(old: OldClient) -> None:
    first = await cells(old)
    every = await asyncio.gather(*(cells(old) for _ in range(20)))
    assert every == [first] * 20


# -- switching edge cases -------------------------------------------------------------------------


@check("switching edge cases", "operations during a switch")
async def during_a_switch(old: OldClient) -> None:
    session, first = await session_of(old), (await call(old, "get_notebook_info"))["room_id"]
    second = f"other of {session}.ipynb"
    old.put(second, notebook_text([("markdown", "only")]))

    async def append(number: int) -> None:
        await call(old, "append_markdown_cell", cell_source=f"text {number}")

    async def move() -> None:
        await call(old, "use_notebook", notebook_path=second, session_id=session)

    await asyncio.gather(append(0), append(1), move(), append(2), append(3))
    there = await contents(old)
    assert there[0] == "only"
    await call(old, "use_notebook", notebook_path=first, session_id=session)
    here = await contents(old)
    assert here[:3] == [source for _, source in CELLS]
    # Each is in one of the two, once.
    assert sorted(here[3:] + there[1:]) == [f"text {number}" for number in range(4)]


@check("switching edge cases", "a switch that fails changes nothing")
async def failed_switch(old: OldClient) -> None:
    session, first = await session_of(old), (await call(old, "get_notebook_info"))["room_id"]
    broken = f"broken of {session}.ipynb"
    old.put(broken, "{")
    code = await refused(old, "use_notebook", notebook_path=broken, session_id=session)
    assert code == "notebook_invalid"
    assert (await call(old, "get_notebook_info"))["room_id"] == first
    await call(old, "append_markdown_cell", cell_source="still here")
    assert (await contents(old))[-1] == "still here"
