"""Scripts that call tools, at a server that runs as a user's does, with real kernels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from jmcp_api import errors
from jmcp_api.client import JmcpClient
from jmcp_api.results import ScriptResult
from tests.served import Served
from tests.thorough import fast_only, thorough


@pytest.fixture
def client(served: Served) -> Iterator[JmcpClient]:
    with JmcpClient(served.url, served.token) as one:
        yield one


@pytest.fixture
def notebook(served: Served, request: pytest.FixtureRequest) -> Iterator[str]:
    """The path of a notebook that the test may create."""
    name = f"script-{request.node.name}.ipynb"
    yield name
    (served.root / name).unlink(missing_ok=True)


def kernels(client: JmcpClient) -> int:
    return len(client.list_kernels().kernels)


def test_a_script_works_in_a_session_and_the_next_goes_on_there(
    client: JmcpClient, notebook: str
) -> None:
    first = client.run_script(
        f"opened = client.use_notebook({notebook!r}, mode='create')\n"
        "for number in range(2):\n"
        "    ran = client.insert_execute_code_cell(f'{number} + 1', cell_index=-1)\n"
        "    print(ran.status, ran.outputs[0].text)\n"
        "len(client.read_notebook().cells)"
    )
    # The notice of the first run is handed on.
    assert first.output.endswith("ok 1\nok 2\n3\n"), first.output
    assert "[insert_execute_code_cell] " in first.output
    assert (first.status, first.calls) == ("ok", 4)
    second = client.run_script(
        "print(client.read_notebook().cells[2].first_line)\nclient.unuse_notebook(kernel='stop')\n0",
        session_id=first.session_id,
    )
    assert second.output.startswith("1 + 1\n")
    assert second.session_id is None


BAD = {
    "raises": (
        "print(1)\ndef f():\n    return 1 / 0\nf()",
        "error",
        "1\nline 4: f()\nline 3: return 1 / 0\nZeroDivisionError: division by zero\n",
    ),
    "asks": (
        "input('name?')",
        "error",
        "line 1: input('name?')\nEOFError: Nobody can answer input() in a script.\n",
    ),
    "calls itself": (
        "client.run_script('1')",
        "error",
        "line 1: client.run_script('1')\nKernelUnable: A script cannot run another script. Call the tools that it would call.\n",
    ),
    "dies": (
        "import os\nos._exit(1)",
        "kernel_died",
        "\nThe kernel of the script died. What it called before that was done.",
    ),
}


@pytest.mark.parametrize("name", fast_only(list(BAD), "raises", "calls itself"))
def test_bad_scripts(name: str, client: JmcpClient) -> None:
    code, status, output = BAD[name]
    result = client.run_script(code)
    assert (result.output, result.status) == (output, status)


def test_an_error_of_a_tool_is_raised_where_it_was_called(client: JmcpClient) -> None:
    result = client.run_script(
        "from jmcp_api import errors\n"
        "try:\n    client.use_notebook('nope.ipynb')\n"
        "except errors.NotebookNotFound as error:\n    print('caught', error.message[:3])\n"
        "client.read_cell(cell_index=0, session_id='none')"
    )
    assert result.status == "error"
    assert result.output.startswith("caught "), result.output
    assert "line 6: client.read_cell(cell_index=0, session_id='none')\nSession" in result.output
    assert "kernel_client" not in result.output


def test_what_never_ends_is_stopped_and_what_it_prints_is_bounded(client: JmcpClient) -> None:
    began = time.monotonic()
    result = client.run_script("while True:\n    print('x' * 100)", timeout=2)
    assert result.status == "timeout"
    assert len(result.output) < 21_000
    assert result.left_out is not None
    assert "stopped after 2 s" in result.output
    assert time.monotonic() - began < 40


@thorough
def test_two_at_once_have_nothing_in_common(client: JmcpClient) -> None:
    code = "client.list_files()\nprint('other' in globals())\nother = 1"
    with ThreadPoolExecutor(2) as pool:
        found: list[ScriptResult] = list(pool.map(client.run_script, [code, code]))
    assert [one.output for one in found] == ["False\n", "False\n"]


def test_invalid_arguments_are_refused(client: JmcpClient) -> None:
    with pytest.raises(errors.InvalidArguments):
        client.run_script("1", timeout=0)
