"""A live document knows which cells were touched, whatever one transaction does to it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from jmcp.core.ports import ERROR_AMONG_LAST, Cell
from jmcp_jupyter.documents.live.document_watch import DocumentWatch

CHANGES = (
    *("output", "error", "output between", "kind", "text", "clear", "outputs"),
    *("type", "replace", "count", "no count", "state"),
    *("insert", "delete", "move"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(CHANGES),
        st.integers(0, 6),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=4,
)


def cell(cell_id: str, source: str) -> Map[Any]:
    fields = {"id": cell_id, "source": Text(source), "outputs": Array([]), "execution_count": None}
    return Map(fields)


def apply(cells: Array[Any], step: tuple[str, int, int], new_id: str) -> set[str]:
    """Do one step; returns the ids of the cells that it touches."""
    what, first, second = step
    if what == "insert":
        cells.insert(first % (len(cells) + 1), cell(new_id, "new"))
        return {new_id}
    if not len(cells):
        return set()
    at = first % len(cells)
    cell_id = str(cells[at]["id"])
    if what == "type":
        cells[at]["source"].insert(0, "é")
    elif what == "replace":
        cells[at]["source"] = Text("another")
    elif what == "output":
        cells[at]["outputs"].append(Map({"output_type": "stream", "text": Text("out")}))
        return set()
    elif what == "error":
        cells[at]["outputs"].append(Map({"output_type": "error", "ename": "Oops"}))
        return set()
    elif what == "output between":
        outputs = cells[at]["outputs"]
        kind = ("stream", "error")[second % 2]
        outputs.insert(second % (len(outputs) + 1), Map({"output_type": kind, "text": Text("")}))
        return set()
    elif what == "kind":
        if len(cells[at]["outputs"]):
            cells[at]["outputs"][0]["output_type"] = ("stream", "error")[second % 2]
        return set()
    elif what == "text":
        if len(cells[at]["outputs"]) and "text" in cells[at]["outputs"][0]:
            cells[at]["outputs"][0]["text"].insert(0, "more")
        return set()
    elif what == "clear":
        cells[at]["outputs"].clear()
        return set()
    elif what == "outputs":
        cells[at]["outputs"] = Array([])
        return set()
    elif what == "count":
        cells[at]["execution_count"] = 1.0
        return set()
    elif what == "no count":
        del cells[at]["execution_count"]
        cells[at]["execution_count"] = None
        return set()
    elif what == "state":
        cells[at]["execution_state"] = "running"
        return set()
    elif what == "delete":
        del cells[at]
    else:  # as JupyterLab moves
        moved = cell(cell_id, str(cells[at]["source"]))
        del cells[at]
        cells.insert(second % (len(cells) + 1), moved)
    return {cell_id}


@given(st.lists(STEPS, max_size=8))
@settings(max_examples=150, deadline=None)
def test_what_a_transaction_touched_is_known(
    transactions: list[list[tuple[str, int, int]]],
) -> None:
    doc: Any = Doc()
    doc["cells"] = cells = Array([cell(f"c{number}", "x") for number in range(4)])
    meta: Map[Any] = Map({})
    doc["meta"] = meta
    watch = DocumentWatch(cells, meta, lambda: False)
    watch.duplicates()  # as opening a notebook does
    for number, steps in enumerate(transactions):
        mark = watch.changes.cursor
        before = {str(one["id"]): str(one["source"]) for one in cells}
        wanted: set[str] = set()
        with doc.transaction():
            for which, step in enumerate(steps):
                wanted |= apply(cells, step, f"n{number}-{which}")
        after = {str(one["id"]): str(one["source"]) for one in cells}
        touched = watch.changes.since(mark)
        assert touched is not None
        differs = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
        assert differs <= set(touched) <= wanted
        assert [watch.find(one) for one in after] == list(range(len(after)))


def as_it_is(cells: Array[Any], index: int) -> Cell:
    stored = cells[index]
    count = stored["execution_count"]
    return Cell(
        index=index,
        cell_id=str(stored["id"]),
        cell_type="code",
        source=str(stored["source"]),
        execution_count=None if count is None else int(count),
        output_count=len(stored["outputs"]),
        ename=next(
            (
                str(output.get("ename", ""))
                for output in stored["outputs"].to_py()[-ERROR_AMONG_LAST:]
                if output["output_type"] == "error"
            ),
            None,
        ),
    )


@given(st.lists(STEPS, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=150, deadline=None)
def test_what_is_remembered_of_cells_is_as_they_are(
    transactions: list[list[tuple[str, int, int]]], remembers: list[bool]
) -> None:
    doc: Any = Doc()
    doc["cells"] = cells = Array([cell(f"c{number}", "x") for number in range(4)])
    meta: Map[Any] = Map({})
    doc["meta"] = meta
    watch = DocumentWatch(cells, meta, lambda: False)
    for number, (steps, remember) in enumerate(zip(transactions, remembers, strict=False)):
        for index in reversed(range(len(cells))) if remember else ():
            watch.remember(as_it_is(cells, index))
            watch.remember_content(index, cells[index].to_py() or {})
        if remember:
            assert watch.snapshot(len(cells)) is None
            assert all(watch.snapshot(index) is not None for index in range(len(cells)))
        with doc.transaction():
            for which, step in enumerate(steps):
                apply(cells, step, f"n{number}-{which}")
        for index in range(len(cells)):
            assert watch.snapshot(index) in (None, as_it_is(cells, index))
            assert watch.content(index) in (None, cells[index].to_py())


def test_a_cell_that_gets_another_id_makes_all_of_them_unknown() -> None:
    doc: Any = Doc()
    doc["cells"] = cells = Array([cell("c0", "x")])
    meta: Map[Any] = Map({})
    doc["meta"] = meta
    watch = DocumentWatch(cells, meta, lambda: False)
    watch.duplicates()
    mark = watch.changes.cursor
    cells[0]["id"] = "c1"
    assert watch.changes.since(mark) is None


def test_a_run_leaves_what_is_remembered_of_its_cell() -> None:
    doc: Any = Doc()
    doc["cells"] = cells = Array([cell("c0", "x")])
    meta: Map[Any] = Map({})
    doc["meta"] = meta
    watch = DocumentWatch(cells, meta, lambda: False)
    watch.remember(as_it_is(cells, 0))
    with doc.transaction():
        cells[0]["outputs"].clear()
        cells[0]["execution_state"] = "running"
        cells[0]["outputs"].append(Map({"output_type": "stream", "text": Text("out")}))
        cells[0]["execution_count"] = 7
    assert watch.snapshot(0) == as_it_is(cells, 0)
    for odd in ("seven", 0.5, float("nan"), [7]):
        cells[0]["execution_count"] = odd
        assert watch.snapshot(0) is None
        cells[0]["execution_count"] = 7
        watch.remember(as_it_is(cells, 0))
