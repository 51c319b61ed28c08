"""The same calls mean the same wherever documents and kernels are, and over whatever they come.

`test_examples` runs every example inside Jupyter; here they run on a Jupyter Server elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests import stdio
from tests.contract.examples import Example, one_of_each
from tests.contract.folder import Folder
from tests.contract.surfaces import Mcp, Rest, Surface, ToolsCall
from tests.contract.test_examples import EXAMPLES, check
from tests.served import Served, configure, jupyter_server, lab, standalone

BACKENDS = ("inside", "inside-plain", "elsewhere", "elsewhere-plain")
"""Where jmcp runs; `plain` is without collaboration."""
ELSEWHERE = BACKENDS[2:]
SAVED_SECONDS = 60


@contextmanager
def backend(name: str, base: Path) -> Iterator[Served]:
    collaboration = not name.endswith("-plain")
    if name.startswith("inside"):
        if not collaboration:
            off = {"jpserver_extensions": {"jupyter_server_ydoc": False}}
            configure(base / "home", {"ServerApp": off})
        with lab(base / "home", base / "root") as served:
            yield served
        return
    with (
        jupyter_server(base / "jupyter", base / "root", collaboration=collaboration) as jupyter,
        standalone(base / "home", jupyter) as served,
    ):
        yield served


@pytest.fixture(scope="module", params=ELSEWHERE)
def elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with backend(request.param, tmp_path_factory.mktemp(request.param)) as served:
        yield served


@pytest.fixture(scope="module")
def over_stdio(
    elsewhere: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[stdio.Stdio]:
    assert elsewhere.jupyter is not None
    server = stdio.parameters(tmp_path_factory.mktemp("stdio"), elsewhere.jupyter)
    with stdio.surface(server) as surface:
        yield surface


class Through(Folder):
    """A folder whose sessions are made over the very surface that is tested: a process of its own
    shares none with another."""

    def __init__(self, served: Served, surface: Surface) -> None:
        super().__init__(served)
        self._tools = surface  # type: ignore[assignment] # the same one method


@pytest.fixture
async def folder(elsewhere: Served) -> AsyncIterator[Folder]:
    folder = Folder(elsewhere)
    yield folder
    await folder.empty()


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
async def test_elsewhere_over_mcp(example: Example, elsewhere: Served, folder: Folder) -> None:
    await check(example, Mcp(elsewhere, "auto"), folder)


@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_elsewhere_over_rest(example: Example, elsewhere: Served, folder: Folder) -> None:
    await check(example, Rest(elsewhere), folder)


@pytest.mark.parametrize("example", one_of_each(EXAMPLES), ids=str)
async def test_elsewhere_over_stdio(
    example: Example, elsewhere: Served, over_stdio: stdio.Stdio
) -> None:
    folder = Through(elsewhere, over_stdio)
    try:
        await check(example, over_stdio, folder)
    finally:
        await folder.empty()


# -- one sequence of calls, everywhere ---------------------------------------------------------

PICTURE = """from IPython.display import display, HTML
display(HTML('<b>bold</b>'))
print('out'); import sys; print('err', file=sys.stderr)
{'a': [1, 2]}"""
PROGRESS = """for part in range(3): print(f'{part}', end='\\r')
print('done')"""
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("use_notebook", {"notebook_path": "same.ipynb", "mode": "create"}),
    ("insert_cell", {"cell_index": 0, "cell_type": "markdown", "cell_source": "# Title"}),
    ("overwrite_cell_source", {"cell_index": 1, "cell_source": "x = 1\nx + 1"}),
    ("execute_cell", {"cell_index": 1}),
    ("insert_execute_code_cell", {"cell_index": -1, "cell_source": PICTURE}),
    ("insert_execute_code_cell", {"cell_index": -1, "cell_source": PROGRESS}),
    ("insert_execute_code_cell", {"cell_index": -1, "cell_source": "1 / 0"}),
    ("insert_execute_code_cell", {"cell_index": -1, "cell_source": "input('?')"}),
    ("execute_code", {"code": "x"}),
    ("execute_code", {"code": "raise ValueError('é')"}),
    ("edit_cell_source", {"cell_index": 1, "old_string": "x = 1", "new_string": "x = 5"}),
    ("run_cells", {"start_index": 0, "end_index": 3}),
    ("move_cell", {"cell_index": 4, "target_index": 0}),
    ("read_cell", {"cell_index": 0}),
    ("read_cell", {"cell_index": 3}),
    ("delete_cell", {"cell_indices": [4, 1]}),
    ("read_notebook", {"response_format": "detailed"}),
    ("list_executions", {}),
    ("interrupt_kernel", {}),
    ("restart_notebook", {}),
    ("execute_code", {"code": "x"}),
    ("execute_cell", {"cell_index": 0, "timeout": -1}),
    ("execute_cell", {"cell_index": 99}),
    ("execute_cell", {"cell_id": "nope"}),
    ("get_execution", {"execution_id": "nope"}),
    ("edit_cell_source", {"cell_index": 0, "old_string": "nope", "new_string": ""}),
    ("use_notebook", {"notebook_path": "same.ipynb", "kernel_id": "nope"}),
    ("use_notebook", {"notebook_path": "same.ipynb", "kernel_name": "nope"}),
    ("use_notebook", {"notebook_path": "nope.ipynb"}),
    ("use_notebook", {"notebook_path": "../nope.ipynb"}),
    ("read_notebook", {"notebook_path": "nope.ipynb"}),
    ("list_files", {}),
)
# What has to differ: names that are made up anew, times, and how the document is kept.
APART = frozenset(
    {
        *("session_id", "cell_id", "kernel_id", "execution_id", "next", "document", "saved"),
        *("seconds", "started", "last_modified", "last_activity", "connections", "size"),
    }
)
NAMES = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\bin \[?\d+|line \d+")


def common(value: Any) -> Any:
    """A result without what has to differ."""
    if isinstance(value, dict):
        return {key: common(inner) for key, inner in value.items() if key not in APART}
    if isinstance(value, list):
        return [common(inner) for inner in value]
    return NAMES.sub("*", value) if isinstance(value, str) else value


async def told(surface: Surface) -> list[Any]:
    """The common part of the answer to each call."""
    session: dict[str, Any] = {}
    answers = []
    for tool, arguments in CALLS:
        rest = {} if tool == "list_files" else session
        answer = await surface.call(tool, {**arguments, **rest})
        if answer.result is not None and not session:
            session = {"session_id": answer.result["session_id"]}
        answers.append([tool, answer.error, common(answer.result)])
    return answers


async def kept(root: Path) -> Any:
    """The common part of the notebook, once its file has the last edit."""
    async with asyncio.timeout(SAVED_SECONDS):
        while True:
            notebook = nbformat.read(root / "same.ipynb", as_version=4)
            if len(notebook.cells) == 4:
                break
            await asyncio.sleep(0.05)
    nbformat.validate(notebook)
    data = json.loads(nbformat.writes(notebook))
    for cell in data["cells"]:
        del cell["id"]
    return common(data)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], Any]:
    """What jmcp inside a JupyterLab with collaboration answers, and the notebook that it leaves."""
    with backend("inside", tmp_path_factory.mktemp("wanted")) as served:
        return asyncio.run(_everything(served, Mcp(served, "auto")))


async def _everything(served: Served, surface: Surface) -> tuple[list[Any], Any]:
    answers = await told(surface)
    return answers, await kept(served.root)


@pytest.mark.parametrize(
    ("name", "over"),
    [
        ("inside", "rest"),
        ("inside-plain", "facade"),
        ("inside-plain", "mcp"),
        ("elsewhere", "mcp"),
        ("elsewhere", "rest"),
        ("elsewhere", "stdio"),
        ("elsewhere-plain", "mcp"),
        ("elsewhere-plain", "stdio"),
    ],
)
def test_the_same_calls_mean_the_same(
    name: str, over: str, wanted: tuple[list[Any], Any], tmp_path: Path
) -> None:
    with backend(name, tmp_path) as served:
        if over == "stdio":
            assert served.jupyter is not None
            with stdio.surface(stdio.parameters(tmp_path / "stdio", served.jupyter)) as surface:
                answers, notebook = asyncio.run(_everything(served, surface))
        else:
            surfaces: dict[str, Surface] = {
                "mcp": Mcp(served, "auto"),
                "rest": Rest(served),
                "facade": ToolsCall(served),
            }
            answers, notebook = asyncio.run(_everything(served, surfaces[over]))
    for answer, expected in zip(answers, wanted[0], strict=True):
        assert answer == expected
    assert notebook == wanted[1]
