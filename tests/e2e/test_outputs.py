"""What comes out of code: to the model within its budget, to the notebook whole."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.e2e.agent import Agent, is_run, notices, saved, texts
from tests.served import Served

PLOT = """
import matplotlib.pyplot as plt
figure = plt.figure(figsize=({inches}, {inches} / 2), dpi=100)
plt.plot([1, 4, 9])
plt.show()
"""
WIDGETS = """
import ipywidgets
from IPython.display import display
slider = ipywidgets.IntSlider(value=3)
output = ipywidgets.Output()
display(slider, output)
slider.value = 7
with output:
    print("inside")
print("outside")
"""
RESULT_CHARACTERS = 25_000
# Where a widespread client cuts a result; what a model has to read must end before.


@pytest.fixture
async def notebook(agent: Agent, request: pytest.FixtureRequest) -> str:
    """A new notebook of the test's own, open."""
    path = f"{request.node.name}.ipynb"
    await agent.open(path, mode="create")
    return path


@pytest.mark.parametrize(("inches", "scaled"), [(4, False), (30, True)])
async def test_a_plot_is_an_image_and_no_text(
    inches: int, scaled: bool, served: Served, agent: Agent
) -> None:
    path = f"plot{inches}.ipynb"
    await agent.open(path, mode="create")
    answer = await agent.ask(
        "insert_execute_code_cell", cell_index=-1, cell_source=PLOT.format(inches=inches)
    )
    assert answer.result is not None, answer.text
    assert answer.result["status"] == "ok", answer.text
    assert len(answer.images) == 1
    with Image.open(io.BytesIO(answer.images[0])) as image:
        assert image.format == "PNG"
        assert max(image.size) == 1568 if scaled else max(image.size) <= 400
    assert "image/png" in answer.result["outputs"][-1]["mime_types"]
    assert len(answer.text) < 500  # the picture is not in the text as well
    again = await agent.ask("read_cell", cell_id=answer.result["cell_id"])
    assert again.images == answer.images

    # The notebook has it in full size.
    on_disk = await saved(
        served, path, lambda found: any(map(is_run, found.cells)), "the plot is on disk"
    )
    data = on_disk.cells[-1].outputs[-1].data["image/png"]
    assert (len(data) > len(answer.images[0])) or not scaled


@pytest.mark.usefixtures("notebook")
async def test_an_error_is_what_the_kernel_calls_one(agent: Agent) -> None:
    custom = "class OrderRejected(Exception):\n    pass\nraise OrderRejected('no stock: \\u2603')"
    failed = await agent.run(custom)
    assert failed["status"] == "error"
    assert failed["outputs"][-1]["ename"] == "OrderRejected"
    assert failed["outputs"][-1]["evalue"] == "no stock: ☃"
    assert "\x1b" not in failed["outputs"][-1]["text"]

    printed = await agent.run("print('ValueError: x')\nprint('Traceback (most recent call last)')")
    assert printed["status"] == "ok"
    assert [output["output_type"] for output in printed["outputs"]] == ["stream"]

    for code, status, name in [
        ("def f(:", "error", "SyntaxError"),
        ("raise KeyboardInterrupt", "interrupted", "KeyboardInterrupt"),
        ("import sys; sys.exit(3)", "error", "SystemExit"),
    ]:
        failed = await agent.run(code)
        assert failed["status"] == status
        assert failed["outputs"][0]["ename"] == name
    # IPython prints these, and tells of them only in its reply.
    failed = await agent.run("raise ExceptionGroup('all', [OrderRejected('a'), ValueError('b')])")
    assert failed["status"] == "error"
    assert "ValueError: b" in str(texts(failed))
    assert (await agent.run("'still there'"))["status"] == "ok"


async def test_widgets_do_no_harm(served: Served, agent: Agent, notebook: str) -> None:
    run = await agent.run(WIDGETS)
    assert run["status"] == "ok", run
    assert texts(run)[-1] == "inside\noutside\n"
    assert (await agent.run("slider.value"))["outputs"][0]["text"] == "7"

    on_disk = await saved(
        served,
        notebook,
        lambda found: len(found.cells) == 3 and is_run(found.cells[-1]),
        "both runs are on disk",
    )
    kinds = {output.output_type for output in on_disk.cells[-2].outputs}
    assert kinds == {"display_data", "stream"}
    views = [
        output.data["application/vnd.jupyter.widget-view+json"]
        for output in on_disk.cells[-2].outputs
        if output.output_type == "display_data"
    ]
    assert len(views) == 2


async def test_100_000_lines_are_all_in_the_notebook(
    served: Served, agent: Agent, notebook: str
) -> None:
    answer = await agent.ask(
        "insert_execute_code_cell",
        cell_index=-1,
        cell_source="for n in range(100_000):\n    print('line', n)",
    )
    assert answer.result is not None
    assert answer.result["status"] == "ok", answer.text
    assert len(answer.text) < RESULT_CHARACTERS
    (output,) = answer.result["outputs"]
    assert output["text"].startswith("line 0\nline 1\n")
    assert output["text"].endswith("line 99999\n")
    whole = "".join(f"line {n}\n" for n in range(100_000))
    assert output["left_out"] is not None
    assert output["left_out"] > len(whole) - RESULT_CHARACTERS

    # What was left out can be read, in pages.
    start = whole.index("line 50000\n")
    page = await agent.call(
        "read_cell", cell_id=answer.result["cell_id"], start=start, limit=len("line 50000\n")
    )
    assert page["outputs"][0]["text"] == "line 50000\n"

    def printed(found: Any) -> str:
        return "".join(output.text for cell in found.cells for output in cell.outputs)

    on_disk = await saved(
        served, notebook, lambda found: printed(found).endswith("99999\n"), "it is on disk"
    )
    assert printed(on_disk) == whole


async def test_a_hundred_outputs_keep_within_the_budget(agent: Agent, notebook: str) -> None:
    answer = await agent.ask(
        "insert_execute_code_cell",
        cell_index=-1,
        cell_source="for n in range(100):\n    display('x' * 3_000)",
    )
    assert answer.result is not None
    assert answer.result["status"] == "ok"
    assert len(answer.text) < RESULT_CHARACTERS, notebook


async def test_a_progress_bar_is_one_line(served: Served, agent: Agent, notebook: str) -> None:
    bar = (
        "import sys\n"
        "for n in range(101):\n"
        "    print(f'\\r{n:3}% ' + '#' * (n // 10), end='', flush=True)\n"
        "print()\n"
    )
    run = await agent.run(bar)
    assert texts(run) == ["100% ##########\n"]
    await saved(
        served,
        notebook,
        lambda found: [output.text for output in found.cells[-1].outputs] == ["100% ##########\n"],
        "it is on disk",
    )


async def test_a_display_is_updated_in_the_cell_that_shows_it(
    served: Served, agent: Agent, notebook: str
) -> None:
    shown = await agent.run(
        "from IPython.display import display\nhandle = display('before', display_id=True)"
    )
    assert texts(shown) == ["'before'"]
    updating = await agent.run("handle.update('after')\nprint('updated')")
    assert texts(updating) == ["updated\n"]
    on_disk = await saved(
        served,
        notebook,
        lambda found: "'after'" in str(found.cells[1:2]),
        "the first cell shows the update",
    )
    assert on_disk.cells[1].outputs[0].data["text/plain"] == "'after'"
    read = await agent.call("read_cell", cell_id=shown["cell_id"])
    assert texts(read) == ["'after'"]


@pytest.mark.usefixtures("notebook")
async def test_cleared_output_is_gone(agent: Agent) -> None:
    run = await agent.run(
        "from IPython.display import clear_output\n"
        "print('first')\nclear_output(wait=True)\nprint('second')"
    )
    assert texts(run) == ["second\n"]


@pytest.mark.usefixtures("notebook")
async def test_input_fails_at_once_and_says_so(agent: Agent) -> None:
    asked = await agent.run("name = input('Who? ')", timeout=60)
    assert asked["status"] == "error"
    assert asked["outputs"][-1]["ename"] == "StdinNotImplementedError"
    assert asked["seconds"] < 30
    assert texts(await agent.run("print('next')")) == ["next\n"]


@pytest.mark.usefixtures("notebook")
async def test_a_timeout_keeps_partial_output_and_the_kernel(agent: Agent) -> None:
    await agent.run("kept = 41")
    late = await agent.run(
        "import threading\nprint('so far', flush=True)\nthreading.Event().wait()", timeout=5
    )
    assert late["status"] == "timed_out"
    assert late["outputs"][0]["text"] == "so far\n"
    after = await agent.run("kept + 1")
    assert texts(after) == ["42"]
    assert "kernel_restarted" not in notices(after)


async def test_an_exception_group_has_its_name(agent: Agent) -> None:
    await agent.open("groups.ipynb", mode="create")
    run = await agent.run("raise ExceptionGroup('several', [ValueError('one')])")
    assert run["status"] == "error"
    assert run["outputs"][-1]["output_type"] == "error"
    assert run["outputs"][-1]["ename"] == "ExceptionGroup"
