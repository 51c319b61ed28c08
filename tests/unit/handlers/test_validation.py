"""What is found in a notebook without running it; and what is not, since it is right."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import Any

import pytest

from jmcp_handlers.support.validation import name_checks
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import R

Found = list[tuple[str, int | None, tuple[str, ...]]]


async def found(jmcp: FakeJmcp, session: str, **arguments: Any) -> Found:
    result = await jmcp.call("validate_notebook", session_id=session, **arguments)
    return [
        (one["code"], one["cell_index"], tuple(one["names"] or ())) for one in result["findings"]
    ]


async def of_sources(*sources: str) -> Found:
    jmcp = FakeJmcp()
    jmcp.documents.write("a.ipynb", *map(textwrap.dedent, sources))
    async with jmcp.running():
        return await found(jmcp, await jmcp.open("a.ipynb"))


RIGHT = [
    ["import os.path as p, sys\nfrom re import sub as s", "p, sys, s"],
    ["x = 1\nx += 1\ndel x", "x = 2", "x"],
    ["def f():\n    return later\n", "later = 1", "f()"],
    ["class A:\n    n = 1\n    m = n + 1\n    def g(self):\n        return A, self"],
    ["[i * j for i in range(3) for j in range(i) if i]", "{k: v for k, v in {}.items()}"],
    ["if (n := 10) > 5:\n    m = n", "m"],
    ["[last := y for y in range(3)]", "last"],
    ["for i, (a, *b) in []:\n    pass\nelse:\n    c = i", "a, b, c"],
    ["try:\n    fast\nexcept NameError:\n    fast = None", "fast"],
    ["def g():\n    try:\n        return maybe\n    except NameError:\n        return 1"],
    ["with open('f') as f, open('g') as (h, i):\n    f, h, i", "f"],
    ["match {}:\n    case {'a': a, **rest}:\n        a, rest\n    case [b, *c] as d:\n        b, c, d"],
    ["def outer(a, *b, c=1, **d):\n    def inner():\n        nonlocal a\n        a = b, c, d\n    return inner"],
    ["def setup():\n    global made\n    made = 1\nsetup()", "made"],
    ["f = lambda x, *y, z=1: (x, y, z)"],
    ["%matplotlib inline\n!pip install x \\\n    y\nfiles = !ls\nt = %timeit -o 1\nfiles, t"],
    ["%time rows = [1]", "rows"],
    ["%%time\nn = 1", "n"],
    ["%%capture out\nn = 1", "out, n"],
    ["len?\n?len\nn = 1", "n"],
    ["pip install x\nls\ncd ..\nn = 1", "n"],
    ["import asyncio\nawait asyncio.sleep(0)"],
    ["_, __, _3, _i, _i2, In, Out, get_ipython, display, __name__"],
    ["x: int\ny: int = 1", "y"],
    ["import a.b.c", "a.b"],
    ["text = '''\n%not a magic\n!nor this\n'''", "text"],
    ["%%html\n<b>nope</b>"],
    ["@property\ndef f(self): ...\nasync def g(): ..."],
    [""],
]  # fmt: skip


if sys.version_info >= (3, 12):
    RIGHT += [
        ["def f[T](x: T):\n    return T", "class A[T]:\n    n = T"],
        ["type Pair = tuple[Later, Later]", "Pair"],
    ]


@pytest.mark.parametrize("sources", RIGHT)
async def test_nothing_is_said_of_what_is_right(sources: list[str]) -> None:
    assert await of_sources(*sources) == []


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["nope"], [("undefined_name", 0, ("nope",))]),
        (["a + b", "a = 1"], [("defined_below", 0, ("a",)), ("undefined_name", 0, ("b",))]),
        (["x = x + 1"], [("defined_below", 0, ("x",))]),
        (["x += 1", "x = 1"], [("defined_below", 0, ("x",))]),
        (["x = 1\ndel x", "x"], [("deleted_above", 1, ("x",))]),
        (["def f():\n    return nope", "f()"], [("undefined_name", 0, ("nope",))]),
        (["[i for i in range(3)]\ni"], [("undefined_name", 0, ("i",))]),
        (["class A:\n    n = 1\nn"], [("undefined_name", 0, ("n",))]),
        (["def f(x=default): ..."], [("undefined_name", 0, ("default",))]),
        (["%%timeit\nn = 1", "n"], [("undefined_name", 1, ("n",))]),
        (["%%bash\necho 1", "nope"], [("not_checked", 0, ()), ("undefined_name", 1, ("nope",))]),
        (["%%sql\nselect 1", "unknown"], [("not_checked", 0, ())]),
        (["from x import *", "unknown"], [("not_checked", 0, ())]),
        (["unknown", "from x import *"], [("undefined_name", 0, ("unknown",)), ("not_checked", 1, ())]),
        (["%run setup.py", "unknown"], [("not_checked", 0, ())]),
        (["x = (1", "x"], [("syntax_error", 0, ())]),
        (["x = 1\x00"], [("syntax_error", 0, ())]),
        (["(" * 300 + ")" * 300], [("syntax_error", 0, ())]),
        (["x = " + "-" * 20_000 + "1"], [("syntax_error", 0, ())]),
    ],
)  # fmt: skip
async def test_what_a_restart_would_break(sources: list[str], expected: Found) -> None:
    assert await of_sources(*sources) == expected


async def test_a_long_cell_is_said_not_to_be_checked() -> None:
    long = "x = 1\n" * 20_000
    assert await of_sources(long, "nope") == [("not_checked", 0, ())]


async def test_where_a_name_came_from_that_no_cell_defines(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.write("b.ipynb", "kept = 1", "gone = 1", "was = 1", "kept, gone, was, typed")
    session = await jmcp.open("b.ipynb")
    await jmcp.call("execute_code", session_id=session, code="typed = 1")
    await jmcp.call("run_cells", session_id=session)
    await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_index=2, cell_source="now = 1"
    )
    await jmcp.call("delete_cell", session_id=session, cell_indices=[1])
    assert await found(jmcp, session) == [
        ("edited_since_run", 1, ()),
        ("definition_gone", 2, ("gone",)),
        ("definition_changed", 2, ("was",)),
        ("defined_without_cell", 2, ("typed",)),
    ]


async def test_order_and_failures_of_what_ran(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "x = 1", "y = 1", "1 / 0", "z = 1")
    session = await jmcp.open("b.ipynb")
    for index in (3, 2, 1):
        await jmcp.call("execute_cell", session_id=session, cell_index=index)
    assert await found(jmcp, session) == [
        ("never_run", 0, ()),
        ("out_of_order", 2, ()),
        ("failed", 2, ()),
        ("out_of_order", 3, ()),
    ]
    await jmcp.call("restart_notebook", session_id=session)
    gone = await jmcp.call("validate_notebook", session_id=session)
    assert gone["findings"][0]["message"] == "2 cells show results of a kernel that is gone."


async def test_ids_and_format() -> None:
    jmcp = FakeJmcp(mode="file")
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": "x"}
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {**cell, "id": "same"},
            {**cell, "id": "same"},
            cell,
            {**cell, "id": "a b"},
            {
                "id": "code",
                "cell_type": "code",
                "metadata": {"tags": ["a,b" * 1000]},
                "source": "1",
                "execution_count": None,
                "outputs": [],
            },
        ],
    }
    jmcp.documents.put_text("bad.ipynb", json.dumps(content))
    async with jmcp.running():
        session = await jmcp.open("bad.ipynb")
        result = await jmcp.call("validate_notebook", session_id=session)
    assert [(one["code"], one["cell_index"]) for one in result["findings"]] == [
        ("duplicate_id", 1),
        ("missing_id", 2),
        ("invalid_format", 3),
        ("invalid_format", 4),
    ]
    assert max(len(one["message"]) for one in result["findings"]) < 400


async def test_another_language_is_not_checked(jmcp: FakeJmcp) -> None:
    kernelspec = {"name": R.name, "display_name": R.display_name, "language": R.language}
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernelspec},
        "cells": [
            {"id": "a", "cell_type": "code", "metadata": {}, "source": "x <- y", "outputs": [], "execution_count": None}
        ],
    }  # fmt: skip
    jmcp.documents.put_text("r.ipynb", json.dumps(content))
    assert await found(jmcp, await jmcp.open("r.ipynb")) == [("not_checked", None, ())]


async def test_a_notebook_that_takes_too_long_is_checked_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(name_checks, "CHECK_SECONDS", -1.0)
    assert await of_sources("nope", "nope") == [("not_checked", 0, ())]
