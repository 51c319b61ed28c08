"""Lists the variables of a namespace. This file runs in people's kernels, as text.

It needs Python 3.8 or newer and imports nothing but the standard library; its own namespace is not
the one it lists. What it calls of a variable (`__repr__`, `__len__`, `shape`) is code of others, which
may raise anything and take for ever: each variable has a limit of time, and all together have one.
Where signals come, which is in the main thread of a Unix process, also what sleeps is ended.
"""

from __future__ import annotations

import ctypes
import fnmatch
import itertools
import json
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

PREVIEW_CHARACTERS = 120
ITEMS = 6
HEAD_ROWS = 3
COLUMNS = 30
HEAD_COLUMNS = 10
NAME_CHARACTERS = 100
LARGEST_INTEGER_BITS = 2048
UNASKED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
"""Of these only those are listed whose type was asked for."""


class TooSlow(BaseException):
    """A variable has had its time. No Exception, since code that is looked at catches those."""


class TimeLimit:
    """Raises TooSlow in this thread, again and again, from the end of an armed time on."""

    def __init__(self) -> None:
        main = threading.current_thread() is threading.main_thread()
        self._signals = main and hasattr(signal, "setitimer")
        self._thread = threading.get_ident()
        self._timer: threading.Timer | None = None
        self._entered = 0.0
        self._before = (0.0, 0.0)
        self._handler: Any = None

    def __enter__(self) -> TimeLimit:
        if self._signals:
            self._entered = time.monotonic()
            self._before = signal.getitimer(signal.ITIMER_REAL)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._handler = signal.signal(signal.SIGALRM, self._on_alarm)
        return self

    def __exit__(self, *raised: object) -> None:
        self.disarm()
        if self._signals:
            # None: the handler was not set by Python, and cannot be set again.
            signal.signal(signal.SIGALRM, self._handler or signal.SIG_DFL)
            delay, interval = self._before
            if delay:
                left = delay - (time.monotonic() - self._entered)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)

    def arm(self, seconds: float) -> None:
        if self._signals:
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
        else:
            self._timer = threading.Timer(seconds, self._raise_in_thread)
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        if self._signals:
            signal.setitimer(signal.ITIMER_REAL, 0)
        else:
            self._disarm_timer()

    def _disarm_timer(self) -> None:
        """A TooSlow that is on its way is waited for, not withdrawn: Python 3.11 would look for one for
        ever, at each call, and never come back from a call that a debugger or a profiler traces."""
        timer, self._timer = self._timer, None
        if timer is None:
            return
        try:
            timer.cancel()
            timer.join()
            for _ in range(2):  # it is raised at the latest where a loop goes on
                pass
        except TooSlow:
            pass

    def _on_alarm(self, *_: object) -> None:
        raise TooSlow

    def _raise_in_thread(self) -> None:
        raised = ctypes.py_object(TooSlow)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), raised)


def listing(namespace: Mapping[str, Any], asked: str) -> str:
    """The variables of a namespace as JSON, in ASCII.

    `asked` is JSON: `pattern` (a glob), `type` (one, or null), `start`, `limit` (0: all),
    `each_seconds` and `all_seconds`.
    """
    wanted = json.loads(asked)
    found: list[tuple[str, str, Any]] = []
    hidden = _hidden()
    for name, value in list(namespace.items()):
        if type(name) is not str or name.startswith("_"):
            continue
        if name in hidden and hidden[name] is value:
            continue
        if not fnmatch.fnmatchcase(name, wanted["pattern"]):
            continue
        kind = type_name(value)
        if wanted["type"] is None:
            if isinstance_of(value, UNASKED):
                continue
        elif not _matches(kind, wanted["type"]):
            continue
        found.append((name, kind, value))
    found.sort(key=lambda one: (one[0].lower(), one[0]))
    page = found[wanted["start"] :][: wanted["limit"] or None]
    rows = [{"name": name[:NAME_CHARACTERS], "type": kind} for name, kind, _ in page]
    _describe_all(
        [value for _, _, value in page], rows, wanted["each_seconds"], wanted["all_seconds"]
    )
    return json.dumps({"total": len(found), "variables": rows})


def _describe_all(
    values: Sequence[Any], rows: Sequence[dict[str, Any]], each: float, together: float
) -> None:
    """Describe the values in their rows; last those that have code of their own, which may take
    the time of all."""
    until = time.monotonic() + together
    order = sorted(range(len(rows)), key=lambda index: _module(type(values[index])) != "builtins")
    with TimeLimit() as limit:
        for index in order:
            value, row = values[index], rows[index]
            left = until - time.monotonic()
            if left <= 0:
                row["problem"] = "no_time"
                continue
            try:
                limit.arm(min(each, left))
                try:
                    describe(value, row)
                finally:
                    limit.disarm()
            except TooSlow:
                limit.disarm()
                row["problem"] = "too_slow"
            except BaseException as error:  # noqa: BLE001  it is the code of others
                limit.disarm()
                row["problem"] = "raised"
                row["ename"] = type_name(error)


def _hidden() -> Mapping[str, Any]:
    """What IPython itself has put into the namespace."""
    try:
        hidden = sys.modules["IPython"].get_ipython().user_ns_hidden
    except BaseException:  # noqa: BLE001  there is none, or it is another one
        return {}
    return hidden if isinstance(hidden, dict) else {}


def isinstance_of(value: object, kinds: type | tuple[type, ...]) -> bool:
    """By its true type: `isinstance` asks the value for its `__class__`, which is code."""
    return issubclass(type(value), kinds)


def type_name(value: object) -> str:
    """`int`, `numpy.ndarray`: the package and the class, without asking the value."""
    kind = type(value)
    name: str = type.__dict__["__qualname__"].__get__(kind)
    package = _module(kind).split(".")[0]
    if package in ("", "builtins", "__main__"):
        return name[:NAME_CHARACTERS]
    return f"{package}.{name}"[:NAME_CHARACTERS]


def _module(kind: type) -> str:
    module = type.__dict__["__module__"].__get__(kind)
    return module if type(module) is str else ""


def _matches(kind: str, pattern: str) -> bool:
    pattern = pattern.lower()
    kind = kind.lower()
    return fnmatch.fnmatchcase(kind, pattern) or fnmatch.fnmatchcase(
        kind.rpartition(".")[2], pattern
    )


def describe(value: Any, row: dict[str, Any]) -> None:
    """Put into the row what is known of a value. What was put there stays if the rest fails."""
    package = row["type"].split(".")[0]
    if package == "pandas" and _is(value, "pandas", "DataFrame"):
        _frame(row, value.shape, map(_column, value.columns, value.dtypes))
        row["size"] = int(value.memory_usage(deep=False).sum())
        rows = value.iloc[:HEAD_ROWS, :HEAD_COLUMNS].values.tolist()
        row["head"] = [_cells(cells) for cells in rows]
    elif package == "polars" and _is(value, "polars", "DataFrame"):
        _frame(row, value.shape, map(_column, value.columns, value.dtypes))
        row["size"] = int(value.estimated_size())
        rows = value.head(HEAD_ROWS).select(value.columns[:HEAD_COLUMNS]).rows()
        row["head"] = [_cells(cells) for cells in rows]
    elif package == "pandas" and _is(value, "pandas", "Series"):
        _array(row, value)
        row["size"] = int(value.memory_usage(deep=False))
        row["preview"] = short(value.iloc[:ITEMS].tolist(), len(value) > ITEMS)
    elif package == "polars" and _is(value, "polars", "Series"):
        _array(row, value)
        row["size"] = int(value.estimated_size())
        row["preview"] = short(value.head(ITEMS).to_list(), len(value) > ITEMS)
    elif package == "numpy" and _is(value, "numpy", "ndarray"):
        _array(row, value)
        row["size"] = int(value.nbytes)
        row["preview"] = short(value.flat[:ITEMS].tolist(), value.size > ITEMS)
    elif package == "torch" and _is(value, "torch", "Tensor"):
        _array(row, value)
        row["size"] = int(value.element_size() * value.nelement())
        if value.device.type == "cpu" and value.is_contiguous():
            flat = value.detach().view(-1)[:ITEMS].tolist()
            row["preview"] = short(flat, value.nelement() > ITEMS)
    else:
        _other(row, value)


def _is(value: object, package: str, name: str) -> bool:
    """Whether a value is of that class, which is only there where somebody imported the package."""
    kind = getattr(sys.modules.get(package), name, None)
    return isinstance(kind, type) and isinstance_of(value, kind)


def _frame(row: dict[str, Any], shape: Iterable[Any], columns: Iterable[str]) -> None:
    row["shape"] = [int(size) for size in shape]
    row["columns"] = list(itertools.islice(columns, COLUMNS))


def _column(name: object, dtype: object) -> str:
    return f"{_clip(str(name), 40)}: {dtype}"


def _array(row: dict[str, Any], value: Any) -> None:
    row["shape"] = [int(size) for size in value.shape]
    row["dtype"] = str(value.dtype)[:NAME_CHARACTERS]


def _other(row: dict[str, Any], value: Any) -> None:
    kind = type(value)
    if _module(kind) == "builtins":
        row["size"] = sys.getsizeof(value)
    elif hasattr(kind, "shape") and hasattr(kind, "dtype"):
        _array(row, value)
        if row["shape"]:
            return  # an array of a package that is not known here, on whatever device
    if hasattr(kind, "__len__"):
        row["shape"] = [len(value)]
    row["preview"] = short(value)


def _cells(cells: Iterable[object]) -> str:
    return " | ".join(_clip(short(cell), 40) for cell in cells)


def short(value: object, more: bool = False) -> str:
    """A value in one line of PREVIEW_CHARACTERS. `more`: it has items beside those given."""
    line = _short(value, 2)
    if more and line.endswith("]"):
        line = line[:-1] + ", …]"
    return _clip(line, PREVIEW_CHARACTERS)


def _short(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is int and value.bit_length() > LARGEST_INTEGER_BITS:
        return hex(value >> (value.bit_length() - 64)) + "…"
    if kind in (str, bytes):
        if len(value) <= PREVIEW_CHARACTERS:
            return repr(value)
        return repr(value[:PREVIEW_CHARACTERS]) + "…"
    if kind in (list, tuple, set, frozenset):
        items = _items(value, depth, lambda item: _short(item, depth - 1))
        if kind is list:
            return "[" + items + "]"
        if kind is tuple:
            return "(" + items + (",)" if len(value) == 1 else ")")
        return "{" + items + "}" if value else kind.__name__ + "()"
    if kind is dict:
        items = _items(value.items(), depth, lambda pair: _pair(pair, depth - 1))
        return "{" + items + "}"
    show: Any = kind.__repr__
    if show is object.__repr__:
        return "<" + type_name(value) + ">"
    return _clip(repr(value), PREVIEW_CHARACTERS)


def _pair(pair: tuple[Any, Any], depth: int) -> str:
    return _short(pair[0], depth) + ": " + _short(pair[1], depth)


def _items(items: Any, depth: int, show: Callable[[Any], str]) -> str:
    if depth <= 0:
        return "…" if items else ""
    shown = [show(item) for item in itertools.islice(items, ITEMS)]
    if len(items) > ITEMS:
        shown.append("…")
    return ", ".join(shown)


def _clip(text: str, size: int) -> str:
    text = text.replace("\n", "\\n")
    return text if len(text) <= size else text[: size - 1] + "…"
