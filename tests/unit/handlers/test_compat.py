"""The tools of older servers: their limits, their images, what they cut, and how runs end."""

from __future__ import annotations

import asyncio
import base64
import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from jmcp.core.ports import Reply
from jmcp.core.runs.record.progress import Progress
from jmcp_api import limits
from jmcp_api.backend_errors import KernelMissing
from jmcp_handlers.compat import outputs, runs
from jmcp_handlers.support.outputs.images import scaled
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="4"/></svg>'
SLEEP = "time.sleep(60)"


def encoded(kind: str, size: int = 40) -> str:
    target = io.BytesIO()
    Image.effect_noise((size, size), 90).convert("L").save(target, format=kind)
    return base64.b64encode(target.getvalue()).decode()


def display(**data: str) -> tuple[str, dict[str, Any]]:
    named = {name.replace("_", "/", 1): value for name, value in data.items()}
    return "display_data", {"data": named, "metadata": {}}


def printed(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


async def shown(jmcp: FakeJmcp, session: str, *messages: Any, **arguments: Any) -> dict[str, Any]:
    """The object of a cell that put these out."""
    jmcp.kernels.script("run", *messages)
    return await jmcp.call(
        "append_execute_code_cell", session_id=session, cell_source="run", **arguments
    )


# -- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif"])
async def test_an_image_has_its_base64_and_its_size(
    jmcp: FakeJmcp, session: str, kind: str
) -> None:
    data = encoded(kind)
    cell = await shown(jmcp, session, display(**{f"image_{kind}": data, "text_plain": "<Figure>"}))
    assert cell["images"] == [
        {
            "type": "image",
            "mime_type": f"image/{kind}",
            "size_bytes": len(data),
            "base64_data": data,
            "description": f"Image of output 0 (image/{kind})",
        }
    ]
    assert cell["output"] == [f"[image/{kind}, {len(data)} bytes of base64 in images]"]


async def test_a_drawing_is_sent_as_base64_too(jmcp: FakeJmcp, session: str) -> None:
    cell = await shown(jmcp, session, display(**{"image_svg+xml": SVG}))
    (image,) = cell["images"]
    assert base64.b64decode(image["base64_data"]).decode() == SVG
    assert (image["mime_type"], image["size_bytes"]) == (
        "image/svg+xml",
        len(image["base64_data"]),
    )


async def test_what_is_no_image_is_left_out_and_told(jmcp: FakeJmcp, session: str) -> None:
    short = await shown(jmcp, session, display(image_png="a" * 50, text_plain="tiny"))
    assert (short["images"], short["output"]) == ([], ["tiny"])
    broken = await shown(jmcp, session, display(image_png="a" * 51, text_plain="broken"))
    assert broken["images"] == []
    assert "not shown" in broken["output"][0]
    assert [notice["code"] for notice in broken["notices"]] == ["images_left_out"]


async def test_images_beside_the_result_too_and_within_bounds(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.script("run", *(display(image_png=encoded("png")) for _ in range(12)))
    outcome = await jmcp.outcome("append_execute_code_cell", session_id=session, cell_source="run")
    assert outcome.result is not None
    assert len(outcome.result["images"]) == len(outcome.images) == limits.RESULT_IMAGES
    (notice,) = (n for n in outcome.result["notices"] if n["code"] == "images_left_out")
    assert notice["details"]["count"] == 12 - limits.RESULT_IMAGES


async def test_base64_of_one_result_is_bounded(jmcp: FakeJmcp, session: str) -> None:
    large = encoded("png", 700)
    assert limits.IMAGE_TEXT_CHARACTERS / 3 < len(large) < limits.IMAGE_TEXT_CHARACTERS
    jmcp.kernels.script("run", *(display(image_png=large) for _ in range(4)))
    outcome = await jmcp.outcome("append_execute_code_cell", session_id=session, cell_source="run")
    assert outcome.result is not None
    assert (
        sum(one["size_bytes"] for one in outcome.result["images"]) <= limits.IMAGE_TEXT_CHARACTERS
    )
    assert len(outcome.images) == 4  # beside it they are as in every result
    assert "has no room" in outcome.result["output"][-1]


# -- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ({"text_html": "<b>x</b>", "text_plain": "x"}, "[HTML Output: read_cell shows it as text]"),
        ({"text_html": "<b>x</b>"}, "[HTML Output: read_cell shows it as text]"),
        ({"text_plain": "\x1b[31mred\x1b[0m"}, "red"),
        ({"text_plain": "'" + encoded("png") + "'"}, None),
        ({"application_x.y+json": "{}"}, "[application/x.y+json, not shown]"),
    ],
)
async def test_an_output_is_text_or_a_placeholder(
    jmcp: FakeJmcp, session: str, data: dict[str, str], wanted: str | None
) -> None:
    cell = await shown(jmcp, session, display(**data))
    if wanted is None:
        wanted = f"[{len(data['text_plain'])} characters of base64, not shown]"
    assert cell["output"] == [wanted]


async def test_each_output_is_cut_and_all_are_bounded(jmcp: FakeJmcp, session: str) -> None:
    many = [display(text_plain=f"{number} " + "a" * 5_000) for number in range(90)]
    cell = await shown(jmcp, session, *many)
    assert len(cell["output"][0]) < limits.SHORT_OUTPUT_CHARACTERS + 150
    assert "full_output=True shows up to 40000" in cell["output"][0]
    assert sum(map(len, cell["output"])) < limits.FULL_OUTPUT_CHARACTERS + 1_000
    assert "outputs more; read_cell has them" in cell["output"][-1]
    full = await shown(jmcp, session, *many, full_output=True)
    assert full["output"][0] == "0 " + "a" * 5_000
    assert sum(map(len, full["output"])) < limits.FULL_OUTPUT_CHARACTERS + 1_000


async def test_reading_all_cells_has_pages(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", *(f"# {number} " + "x" * 3_000 for number in range(30)))
    session = await jmcp.open("b.ipynb")
    seen: list[int] = []
    start: int | None = 0
    while start is not None:
        page = await jmcp.call("read_all_cells", session_id=session, start_index=start)
        assert sum(len(cell["content"]) for cell in page["result"]) <= limits.LIST_CHARACTERS
        seen += [cell["cell_index"] for cell in page["result"]]
        more = page["more"]
        assert more is None or more["count"] == 30 - len(seen)
        start = more["start_index"] if more is not None else None
    assert seen == [*range(30)]
    past = await jmcp.call("read_all_cells", session_id=session, start_index=99)
    assert (past["result"], past["more"]) == ([], None)


async def test_others_who_insert_meanwhile_change_no_reading(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jmcp.kernels.script("x = 6", display(image_png=encoded("png")))
    await jmcp.call("execute_cell", session_id=session, cell_index=0)
    other = await jmcp.open("a.ipynb")

    async def meanwhile(mime_type: str, data: str) -> Any:
        await jmcp.call("insert_markdown_cell", session_id=other, cell_index=0, cell_source="new")
        await jmcp.call("delete_cell", session_id=other, cell_ids=["c2"])
        return await scaled(mime_type, data)

    monkeypatch.setattr(outputs, "scaled", meanwhile)
    page = await jmcp.call("read_all_cells", session_id=session)
    assert [(cell["cell_id"], cell["cell_index"]) for cell in page["result"]] == [
        ("c0", 0),
        ("c1", 2),
    ]
    assert page["more"] is None


async def test_a_cell_larger_than_a_page_is_cut(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "x" * 100_000, "y")
    session = await jmcp.open("b.ipynb")
    page = await jmcp.call("read_all_cells", session_id=session)
    (cell,) = page["result"]
    assert cell["content_left_out"] == 100_000 - limits.FULL_OUTPUT_CHARACTERS
    assert page["more"]["start_index"] == 1


async def test_a_cell_without_an_id_has_a_name_in_its_place(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("old.ipynb", "1", "2", minor=4)
    session = await jmcp.open("old.ipynb")
    page = await jmcp.call("read_all_cells", session_id=session)
    assert [cell["cell_id"] for cell in page["result"]] == ["cell-0", "cell-1"]
    code = (await jmcp.fail("read_cell", session_id=session, cell_id="cell-1"))["code"]
    assert code == "cell_not_found"


# -- how runs end ---------------------------------------------------------------------------------


async def test_a_run_that_did_not_begin_is_taken_out_of_the_queue(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "QUEUE_SECONDS", 0.0)
    await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0)
    arguments = {"session_id": session, "cell_index": 1, "timeout_seconds": 0.1}
    error = await jmcp.fail("execute_cell_simple_timeout", **arguments)
    assert error["code"] == "execution_timed_out"
    assert "nothing of it ran" in error["message"]
    jmcp.kernels.sleeping.release()
    await jmcp.call("execute_code", session_id=session, code="1")
    (kernel,) = jmcp.kernels.kernels.values()
    assert kernel.codes == [SLEEP, "1"]
    ended = await jmcp.call(
        "get_execution", session_id=session, execution_id=error["details"]["execution_id"]
    )
    assert ended["status"] == "aborted"


async def test_one_with_partial_results_goes_on_and_says_so(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "QUEUE_SECONDS", 0.0)
    await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0)
    arguments = {"session_id": session, "cell_index": 0, "timeout_seconds": 0.1}
    for tool in ("execute_cell_with_progress", "execute_cell_streaming"):
        result = await jmcp.call(tool, **arguments)
        assert result["execution_id"] in result["next"]
        assert result["error"] is None
    jmcp.kernels.sleeping.release()
    ended = await jmcp.call(
        "get_execution", session_id=session, execution_id=result["execution_id"]
    )
    assert ended["status"] == "ok"


async def test_a_timeout_that_the_kernel_ignores_is_told(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.kernels.FakeKernel.interrupt", lambda _: None)
    jmcp.dispatcher.runs._queues._grace_seconds = 0.1
    await jmcp.call("append_code_cell", session_id=session, cell_source=SLEEP)
    arguments = {"session_id": session, "cell_index": 3, "timeout_seconds": 0.1}
    error = await jmcp.fail("execute_cell_simple_timeout", **arguments)
    assert error["code"] == "execution_timed_out"
    assert "ignored the interrupt" in error["message"]
    jmcp.kernels.sleeping.release()


async def test_a_kernel_that_is_gone_when_a_run_is_withdrawn_is_told(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(kernel_id: str) -> None:
        raise KernelMissing.unknown(kernel_id=kernel_id)

    monkeypatch.setattr(runs, "QUEUE_SECONDS", -1.0)
    monkeypatch.setattr(jmcp.kernels, "interrupt", gone)
    await jmcp.call("append_code_cell", session_id=session, cell_source=SLEEP)
    arguments = {"session_id": session, "cell_index": 3, "timeout_seconds": 1.2}
    error = await jmcp.fail("execute_cell_simple_timeout", **arguments)
    assert error["code"] == "kernel_unavailable"
    jmcp.kernels.sleeping.release()


async def test_a_run_that_ends_while_it_is_withdrawn_has_its_result(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(kernel_id: str) -> None:
        jmcp.kernels.sleeping.release()

    monkeypatch.setattr(runs, "QUEUE_SECONDS", -1.0)
    monkeypatch.setattr(jmcp.kernels, "interrupt", too_late)
    await jmcp.call("append_code_cell", session_id=session, cell_source=f"{SLEEP}\n'whole'")
    arguments = {"session_id": session, "cell_index": 3, "timeout_seconds": 1.2}
    result = await jmcp.call("execute_cell_simple_timeout", **arguments)
    assert (result["text_outputs"], result["error"]) == (["'whole'"], None)


async def test_a_stop_of_jmcp_withdraws_nothing(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("append_code_cell", session_id=session, cell_source=SLEEP)
    arguments = {"session_id": session, "cell_index": 3, "timeout_seconds": 60}
    calling = asyncio.create_task(jmcp.outcome("execute_cell_simple_timeout", **arguments))
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.dispatcher.drain(5)
    outcome = await calling
    assert outcome.result is not None, outcome.text
    assert outcome.result["execution_id"] in outcome.result["next"]
    assert "run_goes_on" in [notice["code"] for notice in outcome.result["notices"]]


async def test_a_death_is_an_error_with_its_name(jmcp: FakeJmcp, session: str) -> None:
    cell = await jmcp.call(
        "append_execute_code_cell", session_id=session, cell_source="print(1)\nos._exit(1)"
    )
    assert cell["error"] == {"type": "kernel_died", "message": "The run ended as kernel_died"}
    assert cell["output"] == ["1\n"]


async def test_an_exception_that_the_kernel_only_printed_is_an_error(
    jmcp: FakeJmcp, session: str
) -> None:
    reply = Reply(status="error", ename="ExceptionGroup", evalue="all (2)", execution_count=1)
    jmcp.kernels.script("run", printed("all of them", "stderr"), reply=reply)
    cell = await jmcp.call("append_execute_code_cell", session_id=session, cell_source="run")
    assert cell["error"] == {"type": "exception_group", "message": "ExceptionGroup: all (2)"}


async def test_a_cell_without_a_kernel_is_taken_back(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.broken_specs.add("python3")
    error = await jmcp.fail("append_execute_code_cell", session_id=session, cell_source="1")
    assert error["code"] == "kernel_unavailable"
    info = await jmcp.call("get_notebook_info", session_id=session)
    assert info["total_cells"] == 3


# -- the log --------------------------------------------------------------------------------------


async def test_a_log_has_what_comes_when_it_comes(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    code = f"print('one')\n{SLEEP}\nprint('two')\n3"
    await jmcp.call("append_code_cell", session_id=session, cell_source=code)
    told: list[str] = []

    async def report(progress: Progress) -> None:
        told.append(progress.message)
        if "running, " in progress.message:
            jmcp.kernels.sleeping.release()

    caller = replace(ALICE, report=report)
    arguments = {"session_id": session, "cell_index": 3, "progress_interval": 1}
    result = await jmcp.call("execute_cell_streaming", caller, **arguments)
    texts = [line.partition("] ")[2] for line in result["result"]]
    assert texts == ["one", "running, 1 output so far", "two", "3", "completed"]
    assert [line.partition("] ")[2] for line in told][:2] == ["one", "running, 1 output so far"]


async def test_a_log_is_bounded(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.script("x = 6", *(display(text_plain="a" * 900) for _ in range(300)))
    result = await jmcp.call("execute_cell_streaming", session_id=session, cell_index=0)
    log = result["result"]
    assert sum(map(len, log)) < limits.FULL_OUTPUT_CHARACTERS + 2_000
    assert any("lines of this log left out here" in line for line in log)
    assert log[-1].endswith("completed")


@pytest.mark.parametrize(
    ("writings", "wanted"),
    [
        (["one\n", "two\n"], ["one", "two"]),
        (["1%", "\r2%", "\r3%\n"], ["1%", "2%", "3%"]),
        (["9%", "\r10%"], ["9%", "10%"]),
        (["same\n", ""], ["same"]),
    ],
)
async def test_a_text_that_grows_is_logged_once(
    jmcp: FakeJmcp, session: str, writings: list[str], wanted: list[str]
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    (kernel,) = jmcp.kernels.kernels.values()
    hold = jmcp.kernels.hold("x = 6")
    seen = asyncio.Event()
    left = iter(writings[1:])

    def write(text: str) -> None:
        assert kernel.current is not None
        kernel.current.send("stream", {"name": "stdout", "text": text})

    async def report(progress: Progress) -> None:
        if progress.final:
            return
        text = next(left, None)
        if text is None:
            hold.release()
        elif text:
            write(text)

    async def begin() -> None:
        await hold.reached.wait()
        write(writings[0])
        seen.set()

    beginning = asyncio.create_task(begin())
    caller = replace(ALICE, report=report)
    arguments = {"session_id": session, "cell_index": 0, "progress_interval": 1}
    result = await jmcp.call("execute_cell_streaming", caller, **arguments)
    await beginning
    texts = [line.partition("] ")[2] for line in result["result"]]
    assert [text for text in texts if not text.startswith("running, ")] == [*wanted, "completed"]
