"""The file that lists variables, as it runs in a kernel: of any Python, with hostile variables."""

from __future__ import annotations

import ast
import collections
import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jmcp_handlers.support.variables import namespace_listing
from jmcp_handlers.support.variables.namespace_listing import PREVIEW_CHARACTERS, listing
from tests.thorough import thorough


def listed(namespace: dict[str, Any], **asked: Any) -> dict[str, Any]:
    asked = {
        "pattern": "*",
        "type": None,
        "start": 0,
        "limit": 0,
        "each_seconds": 0.1,
        "all_seconds": 2.0,
    } | asked
    found: dict[str, Any] = json.loads(listing(namespace, json.dumps(asked)))
    return found


def rows(namespace: dict[str, Any], **asked: Any) -> dict[str, Any]:
    return {row.pop("name"): row for row in listed(namespace, **asked)["variables"]}


def preview(value: Any) -> Any:
    return rows({"x": value})["x"].get("preview")


class Loops:
    def __repr__(self) -> str:
        while True:
            pass


class Sleeps:
    def __len__(self) -> int:
        time.sleep(60)
        return 0


class Stubborn:
    """Goes on as long as `Exception` may be caught."""

    def __repr__(self) -> str:
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)


class Exits:
    def __repr__(self) -> str:
        raise SystemExit


class Raises:
    @property
    def shape(self) -> Any:
        raise KeyboardInterrupt

    dtype = shape


class Large:
    def __repr__(self) -> str:
        return "x" * 10_000_000


class NoText:
    def __repr__(self) -> str:
        return 3  # type: ignore[return-value]


class Liar:
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise AssertionError("asked")

    __module__ = "pandas.core"


def test_it_runs_on_python_3_8_and_needs_nothing_beside_it() -> None:
    source = Path(namespace_listing.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    assert imported <= {"ctypes", "fnmatch", "itertools", "json", "signal", "sys"} | {
        "threading", "time", "types",
    }  # fmt: skip


def test_plain_values() -> None:
    assert [
        preview(value)
        for value in (1, -0.5, None, True, "a'b", b"x", [], [1, "a"], (1,), {2}, set(), {"k": [1]})
    ] == ["1", "-0.5", "None", "True", '"a\'b"', "b'x'", "[]", "[1, 'a']", "(1,)", "{2}", "set()", "{'k': [1]}"]  # fmt: skip
    assert preview([[[[1]]], *range(9)]) == "[[[…]], 0, 1, 2, 3, 4, …]"
    assert preview(object()) == "<object>"
    assert preview(collections.OrderedDict(a=1)).startswith("OrderedDict(")
    assert preview(10**100_000).startswith("0x")
    assert len(preview("x" * 10**6)) <= PREVIEW_CHARACTERS
    assert rows({"x": [1, 2]})["x"] | {"size": 0} == {
        "type": "list", "shape": [2], "size": 0, "preview": "[1, 2]",
    }  # fmt: skip


def test_which_variables_and_in_which_order(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = object()
    shell = types.SimpleNamespace(user_ns_hidden={"In": hidden, "own": hidden})
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    namespace: dict[Any, Any] = {
        "b": 1, "A": 2, "_c": 3, "json": json, "f": listing, "k": Loops, 5: 1,
        "In": hidden, "own": 4,
    }  # fmt: skip
    assert [row["name"] for row in listed(namespace)["variables"]] == ["A", "b", "own"]
    assert list(rows(namespace, type="module")) == ["json"]
    assert list(rows(namespace, type="FUNC*")) == ["f"]
    assert list(rows(namespace, pattern="[ao]*")) == ["own"]
    page = listed({f"v{number}": number for number in range(9)}, start=3, limit=2)
    assert (page["total"], [row["name"] for row in page["variables"]]) == (9, ["v3", "v4"])


@pytest.mark.parametrize(
    ("value", "problem", "ename"),
    [
        (Loops(), "too_slow", None),
        (Sleeps(), "too_slow", None),
        (Stubborn(), "too_slow", None),
        (Exits(), "raised", "SystemExit"),
        (Raises(), "raised", "KeyboardInterrupt"),
        (NoText(), "raised", "TypeError"),
    ],
)
def test_hostile_variables_have_a_row_and_spare_the_others(
    value: Any, problem: str, ename: str | None
) -> None:
    begin = time.monotonic()
    found = rows({"a": 1, "bad": value, "c": [value, value], "d": 2})
    assert time.monotonic() - begin < 2
    assert (found["bad"]["problem"], found["bad"].get("ename")) == (problem, ename)
    assert [found[name]["preview"] for name in "ad"] == ["1", "2"]
    assert found["c"]["type"] == "list"


def test_what_is_large_is_cut_and_what_lies_is_not_asked() -> None:
    found = rows({"large": Large(), "liar": Liar()}, each_seconds=5)
    assert len(found["large"]["preview"]) == PREVIEW_CHARACTERS
    assert found["liar"]["type"] == "pandas.Liar"
    assert "problem" not in found["liar"]


def test_when_the_time_of_all_is_over_the_rest_has_names() -> None:
    namespace = {"z": 1} | {f"v{number}": Loops() for number in range(9)}
    begin = time.monotonic()
    found = rows(namespace, each_seconds=0.05, all_seconds=0.12)
    assert time.monotonic() - begin < 1
    problems = [row.get("problem") for row in found.values()]
    assert problems.count("no_time") >= 5
    assert found["z"]["preview"] == "1"


def test_in_another_thread_loops_are_ended_too() -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(rows({"bad": Loops(), "ok": 1})))
    thread.start()
    thread.join(20)
    assert (found[0]["bad"]["problem"], found[0]["ok"]["preview"]) == ("too_slow", "1")


TRACED_AFTERWARDS = """
import json, sys, threading
from jmcp_handlers.support.variables.namespace_listing import listing

class Loops:
    def __repr__(self):
        while True:
            pass

asked = {"pattern": "*", "type": None, "start": 0, "limit": 0, "each_seconds": 0.1, "all_seconds": 1}
for _ in range(3):
    thread = threading.Thread(target=listing, args=({"bad": Loops(), "ok": 1}, json.dumps(asked)))
    thread.start()
    thread.join()
sys.setprofile(lambda *_: None)
print((lambda: "traced")())
"""


def test_what_is_traced_afterwards_comes_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRACED_AFTERWARDS],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == "traced\n"


def test_the_alarm_of_the_code_that_runs_is_as_before() -> None:
    rung: list[int] = []
    timer_before = signal.setitimer(signal.ITIMER_REAL, 0)
    handler_before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3, 0)
        rows({"bad": Loops()})
        assert not rung
        deadline = time.monotonic() + 5
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, handler_before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)


def test_arrays() -> None:
    view = np.zeros((1000, 1000))[::2, ::2]
    assert rows({"x": view})["x"] == {
        "type": "numpy.ndarray",
        "shape": [500, 500],
        "dtype": "float64",
        "size": 2_000_000,
        "preview": "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …]",
    }
    assert preview(np.arange(3)) == "[0, 1, 2]"
    assert preview(np.float64(0.5)) == "np.float64(0.5)"
    assert rows({"x": np.array([Loops()])})["x"]["problem"] == "too_slow"


def test_frames() -> None:
    pandas: Any = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2, 3, 4], "b": ["x", "y", None, "z"]})
    found = rows({"df": frame, "series": frame["a"]})
    assert found["df"]["type"] == "pandas.DataFrame"
    assert found["df"]["shape"] == [4, 2]
    assert found["df"]["columns"][0] == "a: int64"
    assert found["df"]["head"][:2] == ["1 | 'x'", "2 | 'y'"]
    assert (found["series"]["dtype"], found["series"]["preview"]) == ("int64", "[1, 2, 3, 4]")
    wide = pandas.DataFrame({f"c{number}": range(3) for number in range(5000)})
    assert len(rows({"wide": wide})["wide"]["columns"]) == namespace_listing.COLUMNS


@thorough  # polars is 50 MB to install for one test
def test_polars_frames() -> None:
    polars: Any = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2, 3, 4], "b": ["x", "y", None, "z"]})
    found = rows({"df": frame, "series": frame["a"]})
    assert (found["df"]["shape"], found["df"]["columns"]) == ([4, 2], ["a: Int64", "b: String"])
    assert found["df"]["head"][0] == "1 | 'x'"
    assert (found["series"]["dtype"], found["series"]["preview"]) == ("Int64", "[1, 2, 3, 4]")


def test_five_hundred_variables_take_little() -> None:
    namespace = {f"v{number}": [number] * 100 for number in range(500)}
    begin = time.perf_counter()
    assert listed(namespace)["total"] == 500
    assert time.perf_counter() - begin < 1
