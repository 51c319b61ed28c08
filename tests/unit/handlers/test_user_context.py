"""What the person looks at, and what is shown to them, as pages answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from jmcp.core.pages import questions
from jmcp.core.pages.pages import PageRefused
from jmcp_api.backend_errors import JupyterUnreachable
from jmcp_handlers.notebooks import user_context
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp
from tests.pages import CONTEXT, SHOWN, Answer, fake_page

TAB = {"path": "a.ipynb", "unsaved": True}
SEEN = CONTEXT | {"tab": TAB, "others": [{"path": "b.ipynb"}, {"path": "../up.ipynb"}]}


def answering(context: Any = SEEN, show: Any = SHOWN) -> Answer:
    return lambda question: {"context": context, "show": show}.get(question["what"], {})


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that say nothing are given up soon."""
    monkeypatch.setattr(questions, "ANSWER_SECONDS", 0.05)


async def test_the_page_that_the_person_turned_to_last_is_asked(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "1")
    first = fake_page(jmcp.pages, answering())
    fake_page(jmcp.pages, answering({"label": "Terminal 1", "visible": True}))
    jmcp.pages.seen(first, "a.ipynb")
    seen = await jmcp.call("get_user_context")
    assert (seen["notebook_path"], seen["unsaved"], seen["pages"]) == ("a.ipynb", True, 2)
    assert (seen["cell"]["cell_id"], seen["selection"]["text"]) == ("aaaa0001", "hello")
    assert [row["notebook_path"] for row in seen["open_notebooks"]] == ["b.ipynb"]
    jmcp.pages.seen(first, "a.ipynb", seconds_ago=60)
    last = fake_page(jmcp.pages, answering({"label": "Console 1", "visible": False}))
    jmcp.pages.seen(last, None, seconds_ago=10)
    seen = await jmcp.call("get_user_context")
    assert (seen["notebook_path"], seen["other_tab"], seen["cell"]) == (None, "Console 1", None)


async def test_pages_that_sleep_or_talk_nonsense_are_passed_over(jmcp: FakeJmcp) -> None:
    fake_page(jmcp.pages, answering())
    nonsense: tuple[Any, ...] = (
        None,
        [],
        {"tab": 1},
        {"visible": "yes"},
        SEEN | {"cell": {"index": -1}},
    )
    for context in nonsense:
        fake_page(jmcp.pages, answering(context))
        seen = await jmcp.call("get_user_context")
        assert seen["notebook_path"] == "a.ipynb"
        jmcp.pages.remove(jmcp.pages.of("alice")[0])
    fake_page(jmcp.pages, None)
    assert (await jmcp.call("get_user_context"))["notebook_path"] == "a.ipynb"


async def test_without_a_page_that_answers_the_error_says_what_to_do(jmcp: FakeJmcp) -> None:
    fake_page(jmcp.pages, answering(), owner="bob")
    arguments = {"get_user_context": {}, "show_in_lab": {"notebook_path": "a.ipynb"}}
    for tool, given in arguments.items():
        error = await jmcp.fail(tool, **given)
        assert error["code"] == "no_lab_page"
        assert error["details"]["url"].startswith("http://127.0.0.1:8888/lab/tree/")
        assert "'alice'" in error["message"]
    assert (await jmcp.call("get_user_context", BOB))["pages"] == 1
    fake_page(jmcp.pages, None)
    for tool, given in arguments.items():
        error = await jmcp.fail(tool, **given)
        assert (error["code"], error["details"]["pages"]) == ("no_lab_page", 1)
        assert "none answered" in error["message"]


async def test_a_jmcp_outside_of_jupyter_has_no_pages() -> None:
    jmcp = FakeJmcp(options={"pages": None})
    async with jmcp.running():
        error = await jmcp.fail("get_user_context")
    assert (error["code"], "outside" in error["message"]) == ("no_lab_page", True)


async def test_a_tab_that_is_outside_of_the_folder_is_said_and_not_taken(jmcp: FakeJmcp) -> None:
    for path in ("../up.ipynb", "/etc/x.ipynb", "note.txt"):
        page = fake_page(jmcp.pages, answering(SEEN | {"tab": {"path": path, "unsaved": False}}))
        seen = await jmcp.call("get_user_context")
        assert (seen["notebook_path"], seen["other_tab"], seen["cell"]) == (None, path, None)
        jmcp.pages.remove(page)


async def test_a_notebook_whose_file_is_gone_is_still_what_the_person_sees(jmcp: FakeJmcp) -> None:
    fake_page(jmcp.pages, answering(SEEN | {"tab": {"path": "gone.ipynb", "unsaved": True}}))
    assert (await jmcp.call("get_user_context"))["notebook_path"] == "gone.ipynb"


async def test_a_long_source_and_a_long_selection_are_cut_and_counted(jmcp: FakeJmcp) -> None:
    cell = CONTEXT["cell"] | {"source": "x" * 6_000, "left_out": 10}  # type: ignore[operator]
    selection = {"text": "y" * 5_000, "left_out": 0}
    fake_page(jmcp.pages, answering(SEEN | {"cell": cell, "selection": selection}))
    seen = await jmcp.call("get_user_context")
    assert len(seen["cell"]["source"]) + seen["cell"]["source_left_out"] >= 6_010
    assert len(seen["cell"]["source"]) < 4_200
    assert (seen["selection"]["place"], seen["selection"]["start_line"]) == ("shown", None)


async def test_a_cell_is_shown_by_its_id_or_its_index(jmcp: FakeJmcp) -> None:
    asked: list[Mapping[str, Any]] = []

    def answer(question: Mapping[str, Any]) -> Any:
        asked.append(question)
        return SHOWN | {"opened": True, "scrolled": False}

    fake_page(jmcp.pages, answer)
    for given in ({"cell_index": 1}, {"cell_id": "c1"}, {"cell_index": 1, "cell_id": "c1"}):
        shown = await jmcp.call("show_in_lab", notebook_path="a.ipynb", **given)
        assert (shown["cell_index"], shown["cell_id"]) == (1, "c1")
        assert (shown["opened"], shown["in_front"], shown["scrolled"]) == (True, True, False)
        assert {"path": "a.ipynb", "cell_id": "c1", "cell_index": 1}.items() <= asked[-1].items()
    shown = await jmcp.call("show_in_lab", notebook_path="a.ipynb")
    assert (shown["cell_index"], asked[-1]["cell_id"]) == (None, None)
    count = len(asked)
    for given, code in (
        ({"cell_id": "nope"}, "cell_not_found"),
        ({"cell_index": 3}, "cell_not_found"),
        ({"cell_index": 0, "cell_id": "c1"}, "invalid_arguments"),
        ({"notebook_path": "nope.ipynb"}, "notebook_not_found"),
        ({"notebook_path": "../a.ipynb"}, "path_refused"),
    ):
        error = await jmcp.fail("show_in_lab", **({"notebook_path": "a.ipynb"} | given))
        assert error["code"] == code
    assert len(asked) == count, "nobody was asked to show what is not there"


@pytest.mark.parametrize("refused", ["no_cell", "elsewhere", "off"])
async def test_what_a_page_does_not_do_is_said(jmcp: FakeJmcp, refused: str) -> None:
    fake_page(jmcp.pages, answering(show={"refused": refused}))
    error = await jmcp.fail("show_in_lab", notebook_path="a.ipynb", cell_index=0)
    assert (error["code"], error["details"]["reason"]) == ("lab_page_refused", refused)


async def test_a_page_that_cannot_says_why_unless_another_one_can(jmcp: FakeJmcp) -> None:
    other = fake_page(jmcp.pages, answering())

    def cannot(question: Mapping[str, Any]) -> Any:
        raise PageRefused("This page cannot do that.")

    fake_page(jmcp.pages, cannot)
    assert (await jmcp.call("get_user_context"))["notebook_path"] == "a.ipynb"
    jmcp.pages.remove(other)
    error = await jmcp.fail("get_user_context")
    assert error["code"] == "lab_page_refused"
    assert "This page cannot do that." in error["message"]


async def test_a_page_that_began_to_show_is_not_followed_by_a_second_one(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_context, "OPENING_SECONDS", 0.1)
    asked: list[str] = []

    def second(question: Mapping[str, Any]) -> Any:
        asked.append(question["what"])
        return SHOWN

    fake_page(jmcp.pages, second)
    slow = fake_page(jmcp.pages, None)

    def tell(message: Mapping[str, Any]) -> None:
        if message["what"] == "awake":
            jmcp.pages.answered(slow, message["id"], {}, None)

    slow.tell = tell
    error = await jmcp.fail("show_in_lab", notebook_path="a.ipynb")
    assert (error["code"], "may still come" in error["message"]) == ("no_lab_page", True)
    assert asked == []


async def test_a_page_that_leaves_while_it_is_asked_is_one_that_does_not_answer(
    jmcp: FakeJmcp,
) -> None:
    page = fake_page(jmcp.pages, None)
    page.tell = lambda _: jmcp.pages.remove(page)
    error = await jmcp.fail("get_user_context")
    assert error["code"] == "no_lab_page"


async def test_beside_a_jupyter_without_jmcp_a_session_is_told_once_what_there_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jmcp = FakeJmcp(options={"pages": None})
    jmcp.documents.write("a.ipynb", "1")
    jmcp.documents.write("b.ipynb", "1")
    monkeypatch.setattr(jmcp.documents, "inside", False)
    async with jmcp.running():
        opened = await jmcp.call("use_notebook", notebook_path="a.ipynb")
        [notice] = opened["notices"]
        assert notice["code"] == "outside_of_jupyter"
        assert notice["details"]["url"] == "http://fake/"
        session = opened["session_id"]
        second = await jmcp.call("use_notebook", session_id=session, notebook_path="b.ipynb")
        assert second["notices"] == []
        jmcp.faults.fail("documents.sharing", JupyterUnreachable.not_yet())
        opened = await jmcp.call("use_notebook", notebook_path="a.ipynb")
        assert [one["code"] for one in opened["notices"]] != ["outside_of_jupyter"]
