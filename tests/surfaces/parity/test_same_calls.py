"""The same calls mean the same wherever documents and kernels are, and over whatever they come."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from jmcp_api.registry import TOOLS
from tests.served import Served
from tests.surfaces.contract.surfaces import CALL_SECONDS, Surface
from tests.surfaces.parity.calls import CALLS, END, NOTEBOOKS, write
from tests.surfaces.parity.normal import Normal, cell_ids, notebook
from tests.surfaces.parity.setups import Setups, running_setup, surface
from tests.thorough import thorough

SAVED_SECONDS = 120
NEED_A_PAGE = {"get_user_context", "show_in_lab"}
"""A jmcp outside of Jupyter has none, which tests/surfaces/contract look at."""
OTHERS = [
    ("remote-file", "rest"),
    ("local-file", "mcp"),
    ("remote-live", "mcp"),
    ("remote-file", "mcp"),
    ("local-live", "rest"),
    ("remote-live", "stdio"),
    ("remote-file", "facade"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What the calls were answered, and the notebooks that they left."""

    answers: list[dict[str, Any]]
    notebooks: dict[str, Any]


async def transcript_of(through: Surface, served: Served) -> Transcript:
    write(served.root)
    given = cell_ids(served.root)
    normal, kept, answers = Normal(given), dict[str, str](), []
    for call in CALLS:
        answer = await through.call(call.tool, call.filled(kept))
        answers.append(normal.answer(answer))
        for name, path in call.keep.items():
            if answer.result is not None:
                kept[name] = found(answer.result, path)
    left = {name: await saved(served.root / name, given) for name in NOTEBOOKS}
    await empty(served)
    return Transcript(answers=answers, notebooks=left)


def found(result: Any, path: str) -> str:
    for step in path.split("."):
        result = result[int(step)] if isinstance(result, list) else result[step]
    return str(result)


async def saved(path: Path, given: set[str]) -> Any:
    """A notebook as it is saved, once its file has the last edit."""
    async with asyncio.timeout(SAVED_SECONDS):
        while True:
            try:
                data = notebook(path, given)
            except ValueError:  # read while it is written
                data = None
            if data is not None and data["cells"][-1]["source"] == [END]:
                return data
            await asyncio.sleep(0.05)


async def empty(served: Served) -> None:
    """End what runs and delete what is there, as a person would, so that the next starts anew."""
    jupyter = served.jupyter or served
    async with httpx2.AsyncClient(
        base_url=jupyter.url, headers=jupyter.headers, timeout=CALL_SECONDS
    ) as http:
        for kernel in (await http.get("api/kernels")).json():
            assert (await http.delete(f"api/kernels/{kernel['id']}")).status_code == 204
        for path in served.root.rglob("*.*"):
            inside = path.relative_to(served.root)
            if any(part.startswith(".") for part in inside.parts):
                continue  # what Jupyter keeps for itself: checkpoints, in old versions sessions
            gone = await http.delete(f"api/contents/{quote(inside.as_posix())}")
            assert gone.status_code == 204, (inside, gone.text)
    for folder in ("folder", "conversations"):
        shutil.rmtree(served.root / folder, ignore_errors=True)


@pytest.fixture(scope="module")
def setups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setups]:
    setups = Setups(tmp_path_factory.mktemp("places"))
    yield setups
    setups.close()


@pytest.fixture(scope="module")
def wanted(setups: Setups, tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    """What a client of MCP is told in a JupyterLab with collaboration."""
    served = setups["local-live"]
    with surface("mcp", served, tmp_path_factory.mktemp("unused")) as through:
        return asyncio.run(transcript_of(through, served))


@thorough
def test_every_call_is_answered_as_it_is_known_to_be(wanted: Transcript) -> None:
    for call, answer in zip(CALLS, wanted.answers, strict=True):
        status = (answer["result"] or {}).get("status")
        assert answer["error"] == call.raises, (call, answer)
        assert call.status in (None, status), (call, answer)


def test_every_tool_succeeds_and_fails_in_the_calls() -> None:
    transcript_of = {(call.tool, call.raises is None) for call in CALLS}
    assert {tool for tool, succeeds in transcript_of if succeeds} == set(TOOLS) - NEED_A_PAGE
    assert {tool for tool, succeeds in transcript_of if not succeeds} == set(TOOLS)


@thorough
@pytest.mark.parametrize(("name", "over"), OTHERS)
def test_the_same_calls_mean_the_same(
    name: str, over: str, wanted: Transcript, tmp_path: Path
) -> None:
    # A folder of its own: a file made anew under a path that had another one is news of its own.
    with (
        running_setup(name, tmp_path / "server") as served,
        surface(over, served, tmp_path / "client") as through,
    ):
        transcript = asyncio.run(transcript_of(through, served))
    for call, answer, expected in zip(CALLS, transcript.answers, wanted.answers, strict=True):
        if over == "rest" and answer["error"] is None:
            answer["text"] = expected["text"]  # REST has no text for a model
        assert answer == expected, call
    assert transcript.notebooks == wanted.notebooks
