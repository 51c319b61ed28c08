"""The text of a result and its structure say the same; neither says much more than it has to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from jmcp.core.calls.call import Outcome
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp
from tests.surfaces.contract.examples import Example, load
from tests.typed import filled, rows_of
from tests.unit.handlers.test_examples import FakeStage

EXAMPLES, FIXTURES = load()
RUN_BYTES = 150
"""Of the structure of a run that printed two lines."""

OUTLINE_PER_TEXT = 1.4
"""How much longer the structure of an outline of 20 cells may be than its text."""

WORDS = {
    "session_ended": "has ended",
    "current": "yes",
    "default": "default",
    "live": "live",
    "answers": "answers",
    "kernel_answers": "answers",
    "accepted": "Accepted",
    "in_front": "in front",
    "scrolled": "scrolled to",
    "visible": "visible",
}
"""How a text says that something is true."""
UNSAID = frozenset(
    {
        "output_type",  # a text shows the output itself
        *("data", "digest"),  # of read_output_data, which no model sees
        "as_left",  # of a reviewed cell, of which a text only says where it is not
        "total",  # of a batch or a list that is shown whole, some texts say it and some need not
    }
)
NAMED = re.compile(r"\b[a-z]+_[a-z_]+\b|\b\d+(?:\.\d+)?\b")
"""What one can act on: tools, params, numbers."""


@pytest.fixture
async def fake() -> Any:
    async with FakeJmcp(journaled=True).running() as running:
        yield running


async def answered(example: Example, jmcp: FakeJmcp) -> tuple[Outcome, dict[str, Any]]:
    arguments = await FakeStage(jmcp).prepare(example, FIXTURES[example.given])
    return await jmcp.dispatcher.call(example.tool, arguments, ALICE), arguments


def facts(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from facts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, key)
    elif key not in UNSAID:
        yield key, value


def said(key: str, fact: Any, text: str) -> bool:
    if isinstance(fact, bool):
        return fact is not True or WORDS[key] in text
    if isinstance(fact, float):
        return f"{fact:g}" in text or str(fact) in text
    flat = str(fact).replace("\t", " ")
    return all(line.strip() in text for line in flat.replace("\\n", "\n").split("\n"))


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.raises is None], ids=str)
async def test_what_one_says_the_other_does(example: Example, fake: FakeJmcp) -> None:
    outcome, arguments = await answered(example, fake)
    assert outcome.result is not None, outcome.text
    result = rows_of(outcome.result)
    assert None not in [fact for _, fact in facts(result)]
    unsaid = [(key, fact) for key, fact in facts(result) if not said(key, fact, outcome.text)]
    assert unsaid == [], outcome.text
    assert re.search(r"\bNone\b", outcome.text) is None, outcome.text
    whole = json.dumps(filled(example.tool, outcome.result, arguments)).replace("\\n", " ")
    named = set(NAMED.findall(outcome.text)) - set(NAMED.findall(whole))
    assert named == set(), (outcome.text, outcome.result)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.raises], ids=str)
async def test_an_error_says_its_facts_in_its_text(example: Example, fake: FakeJmcp) -> None:
    """Clients that drop text beside a structure drop all else of an error."""
    outcome, _ = await answered(example, fake)
    assert outcome.error is not None
    unsaid = [
        (key, fact)
        for key, fact in facts(dict(outcome.error.details))
        if fact is not None and not said(key, fact, outcome.text)
    ]
    assert unsaid == [], outcome.text


async def test_a_run_of_two_lines_is_short(fake: FakeJmcp) -> None:
    fake.documents.write("example.ipynb", "print('line 1'); print('line 2')")
    session = await fake.open("example.ipynb")
    await fake.call("execute_code", session_id=session, code="1")
    arguments = {"session_id": session, "cell_index": 0}
    outcome = await fake.dispatcher.call("execute_cell", arguments, ALICE)
    assert outcome.result is not None
    structure = json.dumps(outcome.result, separators=(",", ":"))
    assert len(structure) <= RUN_BYTES, structure


LINES = (
    "import pandas as pd",
    "sales = [3, 1, 2]",
    "def clean(rows):\n    return sorted(rows)\n\nclean(sales)",
    "# Keep only what is positive\npositive = [one for one in sales if one > 0]",
    "total = sum(positive)\nprint(f'{total} in all')",
    "1 / 0",
)
"""Sources as a notebook of a data scientist has them: half of them of one line."""


async def test_an_outline_is_hardly_longer_than_its_text(fake: FakeJmcp) -> None:
    sources = [LINES[number % len(LINES)] for number in range(16)]
    fake.documents.write("example.ipynb", *sources)
    session = await fake.open("example.ipynb")
    for number in range(4):
        source = f"## Step {number}\n\nWhat this is about."
        cell = {"cell_index": 5 * number, "cell_type": "markdown", "cell_source": source}
        await fake.call("insert_cell", session_id=session, **cell)
    await fake.call("run_cells", session_id=session, stop_on_error=False, end_index=14)
    arguments = {"session_id": session}
    outcome = await fake.dispatcher.call("read_notebook", arguments, ALICE)
    assert outcome.result is not None
    assert len(outcome.result["cells"]["rows"]) == 20
    structure = json.dumps(outcome.result, separators=(",", ":"), ensure_ascii=False)
    assert len(structure) <= OUTLINE_PER_TEXT * len(outcome.text), (structure, outcome.text)
