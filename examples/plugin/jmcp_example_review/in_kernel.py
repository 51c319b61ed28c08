"""Runs in people's kernels, as text: it needs nothing but what is there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

MOST_ROWS = 100_000
"""More are not looked at: the kernel does nothing else meanwhile."""
MOST_CHARACTERS = 80


def profile(variables: Mapping[str, Any], question: str) -> str:
    """The profile of the frame that is asked for; JSON in, JSON out."""
    asked = json.loads(question)
    frame = variables.get(asked["name"])
    pandas = sys.modules.get("pandas")
    if asked["name"] not in variables:
        return json.dumps({"kind": None})
    if pandas is None or not isinstance(frame, pandas.DataFrame):
        return json.dumps({"kind": type(frame).__name__})
    step = max(1, -(-len(frame) // MOST_ROWS))
    some = frame.iloc[::step]
    places = range(asked["start"], min(asked["start"] + asked["limit"], frame.shape[1]))
    columns = [column(frame.iloc[:, place], some.iloc[:, place]) for place in places]
    return json.dumps(
        {
            "kind": "DataFrame",
            "rows": len(frame),
            "sampled": len(some),
            "size": int(frame.memory_usage(deep=False).sum()),
            "duplicates": tried(lambda: int(some.duplicated().sum())) or 0,
            "column_count": frame.shape[1],
            "columns": columns,
        }
    )


def column(whole: Any, some: Any) -> dict[str, Any]:
    """One column; what its values cannot do is left out."""
    values = some.dropna()
    return {
        "column": str(whole.name),
        "dtype": str(whole.dtype),
        "missing": int(whole.isna().sum()),
        "distinct": tried(lambda: int(values.nunique())),
        "minimum": tried(lambda: shown(values.min())) if len(values) else None,
        "maximum": tried(lambda: shown(values.max())) if len(values) else None,
        "top": tried(lambda: shown(values.mode().iloc[0])) if len(values) else None,
    }


def tried(what: Callable[[], Any]) -> Any:
    try:
        return what()
    except Exception:  # noqa: BLE001  values of any kind, as lists, which cannot be compared
        return None


def shown(value: object) -> str:
    return str(value)[:MOST_CHARACTERS]
