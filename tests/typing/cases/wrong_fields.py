"""Must fail: fields of params and results that are not there, of another type, or fixed."""

from golden_api.models import Cell, Kernel, ReadCellParams


def misread(params: ReadCellParams) -> int:
    assert params.cell_number  # E: "ReadCellParams" has no attribute "cell_number"
    return params.cell_index  # E: Incompatible return value type (got "int | None", expected "int")


def misbuilt() -> list[object]:
    return [
        Cell(cell_id=None),  # E: Missing named argument "source" for "Cell"
        Cell(cell_id=None, source="", text=""),  # E: Unexpected keyword argument "text" for "Cell"
        Cell(cell_id=None, source=1),  # E: Argument "source" to "Cell" has incompatible type "int"
        Kernel(name="", state="gone"),  # E: Argument "state" to "Kernel" has incompatible type
    ]


def changed(cell: Cell) -> None:
    cell.source = ""  # E: Property "source" defined in "Cell" is read-only
