"""Long lists of numbers are looked at as a whole, with what a look at each would find."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.numbers import MANY
from jmcp_jupyter.documents.common.nbformat_cells import storable
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.live.y_data import from_y
from jmcp_jupyter.documents.local.files.whole_numbers import cast_all
from tests.work import lines_run

ODD: list[Any] = [
    0.5,
    -0.0,
    1e300,
    2.0**62,
    2.0**63,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    10**400,
    math.inf,
    -math.inf,
    math.nan,
    True,
    None,
    "text",
    [1.0],
]
FLOATS: list[Any] = [float(number) for number in range(100_000)]


def one_by_one(function: Any, *values: Any) -> list[Any]:
    """The same of lists that are too short to be looked at as a whole."""
    return [function([value])[0] for value in values]


def in_place(from_type: type[Any], to_type: type[Any]) -> Any:
    return lambda value: cast_all(value, from_type, to_type)


FUNCTIONS = {
    "storable": storable,
    "from_y": from_y,
    "to integers": in_place(float, int),
    "to floats": in_place(int, float),
}


@pytest.mark.parametrize("odd", ODD, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_long_list_becomes_what_its_items_become(function: Any, odd: Any) -> None:
    values = [odd, *(number / 2 for number in range(MANY)), *range(MANY)]
    expected = one_by_one(function, *values)
    # As JSON, because True is 1 is 1.0, and NaN is not itself.
    assert json.dumps(function([*values])) == json.dumps(expected)


@pytest.mark.parametrize("odd", ODD, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("finite", [False, True])
def test_a_long_list_is_refused_for_what_its_items_are(odd: Any, finite: bool) -> None:
    def refusal(value: Any) -> str:
        try:
            check_storable("a.ipynb", value, finite=finite)
        except Exception as error:  # noqa: BLE001 # compared with the other
            return type(error).__name__
        return ""

    assert refusal([odd, *range(MANY)]) == refusal([odd])


def test_a_list_of_numbers_has_the_size_of_its_numbers() -> None:
    values = [*range(MANY), 0.5]
    assert mime_bundle.size(values) == sum(map(mime_bundle.size, values))


@pytest.mark.parametrize(
    "function", [*FUNCTIONS.values(), mime_bundle.size], ids=[*map(str, FUNCTIONS), "size"]
)
def test_a_hundred_thousand_numbers_take_few_lines(function: Any) -> None:
    lines_run(lambda: function([*FLOATS]), most=100)


def test_a_check_of_a_hundred_thousand_numbers_takes_few_lines() -> None:
    lines_run(lambda: check_storable("a.ipynb", {"n": FLOATS}, finite=True), most=100)
