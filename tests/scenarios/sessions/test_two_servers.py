"""Two servers on one Jupyter and one Redis, as two machines would have them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.ports.stores.redis_server import MISSING, installed, redis_server
from tests.served import Served, jupyter_server, standalone

SECONDS = 120
PASSWORD = "do-not-tell-anyone"
NOTEBOOKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`redis` is what stops when it is closed; `port` is where it was."""

    one: Served
    other: Served
    redis: ExitStack
    folder: Path
    port: int


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if not installed():
        pytest.skip(MISSING)
    folder = tmp_path / "redis"
    folder.mkdir()
    with ExitStack() as stack, ExitStack() as redis:
        url = redis.enter_context(redis_server(folder, password=PASSWORD))
        jupyter = stack.enter_context(
            jupyter_server(tmp_path / "home", tmp_path / "root", collaboration=False)
        )
        one, other = (
            stack.enter_context(standalone(tmp_path / name, jupyter, variables={"JMCP_STORE": url}))
            for name in ("one", "other")
        )
        port = urlsplit(url).port
        assert port is not None
        yield Pair(one=one, other=other, redis=redis, folder=folder, port=port)


async def call(served: Served, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers: its result or its error."""
    async with httpx.AsyncClient(headers=served.headers, timeout=SECONDS) as http:
        body = {"tool_name": tool, "arguments": arguments}
        answer = await http.post(f"{served.url}mcp/tools/call", json=body)
    found: dict[str, Any] = answer.json()
    return found


def process(served: Served, what: str) -> str:
    return Path(f"/proc/{served.process.pid}/{what}").read_text().replace("\0", " ")


async def test_they_share_sessions_until_redis_goes_and_when_it_is_back(pair: Pair) -> None:
    await _share(pair)
    await _lose_and_find(pair)


async def _share(pair: Pair) -> None:
    """Both know what each has changed, also when they change the same session at once."""
    one, other = pair.one, pair.other
    opened = await call(one, "use_notebook", notebook_path="a.ipynb", mode="create")
    assert "result" in opened, opened
    session_id = opened["result"]["session_id"]
    await call(one, "execute_code", session_id=session_id, code="x = 41")
    seen = await call(other, "execute_code", session_id=session_id, code="print(x + 1)")
    assert "42" in str(seen["result"]["outputs"])

    names = [f"{number}.ipynb" for number in range(NOTEBOOKS)]
    await asyncio.gather(
        *(
            call(
                (one, other)[number % 2],
                "use_notebook",
                session_id=session_id,
                notebook_path=name,
                mode="create",
            )
            for number, name in enumerate(names)
        )
    )
    listed = await call(one, "list_notebooks", session_id=session_id, scope="session", limit=100)
    paths = {row["notebook_path"] for row in listed["result"]["notebooks"]}
    assert paths == {"a.ipynb", *names}

    for name in ("a.ipynb", *names):
        await call(other, "unuse_notebook", session_id=session_id, notebook_path=name)
    gone = await call(one, "read_notebook", session_id=session_id)
    assert gone["code"] == "session_not_found"


async def _lose_and_find(pair: Pair) -> None:
    """What is wrong is told, without the password, and is over when Redis is back."""
    one, other = pair.one, pair.other
    assert PASSWORD not in process(one, "cmdline")
    opened = await call(one, "use_notebook", notebook_path="a.ipynb")
    assert "result" in opened, opened
    session_id = opened["result"]["session_id"]
    pair.redis.close()
    for served in (one, other):
        away = await call(served, "read_notebook", session_id=session_id)
        assert "the Redis server that keeps the sessions does not answer" in str(away)
        assert PASSWORD not in str(away)
    with redis_server(pair.folder, password=PASSWORD, port=pair.port):
        # It keeps nothing itself, so the session is gone with it.
        back = await call(other, "read_notebook", session_id=session_id)
        assert back["code"] == "session_not_found"
        again = await call(other, "use_notebook", notebook_path="a.ipynb")
        mine = again["result"]["session_id"]
        assert (await call(one, "read_notebook", session_id=mine))["success"] is True
