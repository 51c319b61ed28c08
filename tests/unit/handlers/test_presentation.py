"""Outputs as results show them."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.compose import api_of
from jmcp.core.ports import Reply
from jmcp.options.settings import Settings
from jmcp_api.limits import ERROR_VALUE_CHARACTERS, RESULT_CHARACTERS, RESULT_OUTPUTS
from jmcp_api.sessions import POLICY
from jmcp_handlers.support.outputs.output_results import HTML_CHARACTERS, clip, plain
from tests.fakes.jmcp import FakeJmcp


def shown(name: str, mime_type: str, value: Any) -> dict[str, Any]:
    """The output of one of IPython's display objects."""
    data = {"text/plain": f"<IPython.core.display.{name} object>", mime_type: value}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_a_short_text_is_whole() -> None:
    assert clip("abc", 0, 3) == ("abc", 0)


def test_a_long_text_keeps_head_and_tail_at_line_ends() -> None:
    text = "".join(f"line {number}\n" for number in range(1000))
    shown, missing = clip(text, 0, 300)
    head, _, tail = shown.partition(f"\n[... {missing} characters left out ...]\n")
    assert text.startswith(head + "\n")
    assert text.endswith(tail)
    assert tail.startswith("line ")
    assert len(head) + missing + len(tail) == len(text)
    assert len(head) + len(tail) <= 300


def test_one_long_line_is_cut_in_its_middle() -> None:
    shown, missing = clip("x" * 1000, 0, 100)
    assert missing == 900
    assert shown.count("x") == 100


@pytest.mark.parametrize(
    ("start", "page", "missing"), [(2, "cde", 5), (8, "ij", 0), (10, "", 0), (99, "", 0)]
)
def test_pages_follow_one_another(start: int, page: str, missing: int) -> None:
    assert clip("abcdefghij", start, 3) == (page, missing)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}, "a\nb"),
        ({"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m"}, "red"),
        (
            {
                "output_type": "stream",
                "name": "stdout",
                "text": "\x1b]8;;http://x\x07link\x1b]8;;\x07",
            },
            "link",
        ),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}, "E: v"),
        ({"output_type": "error", "ename": "", "evalue": "127", "traceback": []}, "127"),
        ({"output_type": "display_data", "data": {"text/plain": "p", "text/html": "<b>"}}, "p"),
        ({"output_type": "display_data", "data": {"text/html": "<b>"}}, None),
        ({"output_type": "display_data", "data": {"application/json": {"a": "ä"}}}, '{"a": "ä"}'),
        (shown("Markdown", "text/markdown", ["# a\n", "b"]), "# a\nb"),
        (shown("Math", "text/latex", "$x^2$"), "$x^2$"),
        (shown("JSON", "application/json", {"a": [1]}), '{"a": [1]}'),
        (shown("GeoJSON", "application/geo+json", {"type": "x"}), '{"type": "x"}'),
        (shown("HTML", "text/html", "<table><tr><th>a<th>b</table>"), "| a | b |\n| --- | --- |"),
        (shown("HTML", "text/html", "<script>1</script>"), "<IPython.core.display.HTML object>"),
        (shown("Image", "image/png", "aaaa"), "<IPython.core.display.Image object>"),
        ({"output_type": "display_data", "data": {"text/plain": "x", "text/markdown": "# y"}}, "x"),
        (
            {"output_type": "display_data", "data": {"text/html": "x" * (HTML_CHARACTERS + 7)}},
            "x" * HTML_CHARACTERS + "\n[... 7 characters left out ...]\n",
        ),
    ],
)
def test_the_text_of_an_output(output: dict[str, Any], text: str | None) -> None:
    assert plain(output) == text


def shows(text: str) -> tuple[str, dict[str, Any]]:
    return "display_data", {"data": {"text/plain": text}, "metadata": {}}


async def test_of_many_outputs_a_result_has_the_first_and_the_last(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.kernels.script("many", *(shows(str(number)) for number in range(1000)))
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=session, cell_index=-1, cell_source="many"
    )
    texts = [output["text"] for output in ran["outputs"]]
    assert len(texts) == RESULT_OUTPUTS
    assert (texts[:2], texts[-2:]) == (["0", "1"], ["998", "999"])
    (told,) = ran["notices"][-1:]
    assert told["code"] == "outputs_not_shown"
    assert "the first 66 and the last 34 of 1000 outputs: 100 is the limit" in told["message"]

    page = await jmcp.call("read_cell", session_id=session, cell_id=ran["cell_id"], start_output=66)
    assert [output["text"] for output in page["outputs"]] == [str(n) for n in range(66, 166)]
    assert page["output_count"] == 1000


async def test_an_error_with_a_long_message_is_cut(jmcp: FakeJmcp, session: str) -> None:
    ename, evalue, traceback = "E" * 5_000, "v" * 10**6, ("t" * 10**6,) * 3
    raised = {"ename": ename, "evalue": evalue, "traceback": traceback}
    reply = Reply(status="error", ename=ename, evalue=evalue, traceback=traceback)
    jmcp.kernels.script("fails", ("error", raised), reply=reply)
    ran = await jmcp.outcome("execute_code", session_id=session, code="fails")
    assert ran.result is not None
    (output,) = ran.result["outputs"]
    assert len(output["ename"]) < ERROR_VALUE_CHARACTERS + 100
    assert len(output["evalue"]) < ERROR_VALUE_CHARACTERS + 100
    assert len(str(ran.result)) < RESULT_CHARACTERS


async def test_a_run_that_puts_out_more_than_is_kept_says_so(jmcp: FakeJmcp, session: str) -> None:
    text = {"name": "stdout", "text": "x" * 1_000_000}
    jmcp.kernels.script("endless", *[("stream", text)] * 20)
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=session, cell_index=-1, cell_source="endless"
    )
    assert (ran["status"], ran["complete"]) == ("ok", False)
    (told,) = ran["notices"][-1:]
    assert told["code"] == "outputs_left_out"
    kept = told["details"]["text_limit"]
    assert kept == POLICY.run_output.text_head + POLICY.run_output.text_tail
    missing = told["details"]["characters"]
    assert kept - 2**17 < 20_000_000 - missing < kept + 2**17
    assert f"{missing:,} characters" in told["message"]
    read = await jmcp.call("read_cell", session_id=session, cell_id=ran["cell_id"])
    assert f"left out {missing:,} characters" in read["outputs"][1]["text"]


async def test_a_run_that_puts_out_more_than_is_kept_may_end_by_that(jmcp: FakeJmcp) -> None:
    api = api_of(Settings(beyond_output_limit="interrupt"))
    made = FakeJmcp(options={"api": api})
    made.documents.write("a.ipynb", "x = 6")
    code = "print('x' * 20_000_000)\ntime.sleep(60)"
    async with made.running():
        session = await made.open("a.ipynb")
        ran = await made.call("execute_code", session_id=session, code=code)
        assert ran["status"] == "interrupted"
        codes = [notice["code"] for notice in ran["notices"]]
        assert {"run_put_out_too_much", "outputs_left_out"} <= set(codes)
