"""Servers of several users of a JupyterHub that keep their sessions in one Redis."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from jmcp.core.stores.redis_access import access_rules
from jmcp.state.folder import redis_place
from jmcp.transport.jupyter_identity import SHARED_PRINCIPAL
from tests.jupyter_process import TOKEN, StartJupyter
from tests.ports.stores.redis_server import MISSING, installed, redis_server

ADMIN = "admin-password"
DOCS = Path(__file__).parents[3] / "docs" / "howto" / "redis.md"


class User:
    """A user's server, and what it answers."""

    def __init__(self, http: httpx.AsyncClient, redis: Any) -> None:
        self._http = http
        self.redis = redis

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        body = {"tool_name": tool, "arguments": arguments}
        answer: dict[str, Any] = (await self._http.post("/mcp/tools/call", json=body)).json()
        return answer


@asynccontextmanager
async def user_of(
    name: str, server: str, url: str, jupyter: StartJupyter, root: Path
) -> AsyncIterator[User]:
    """With a Redis user of the same name, who may have the keys of `name` alone."""
    credentials = url.replace(f":{ADMIN}@", f"{name}:password-of-{name}@")
    with pytest.MonkeyPatch.context() as patch:
        # As in containers: the same paths for everybody, and a home of each one's own.
        patch.setenv("JUPYTER_DATA_DIR", str(root.parent / f"data-{name}{server}"))
        patch.setenv("JUPYTERHUB_USER", name)
        patch.setenv("JUPYTERHUB_SERVER_NAME", server)
        app = await jupyter(
            collaboration=False,
            extensions=["jmcp"],
            root=root,
            JmcpExtension={"store": credentials},
        )
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{app.port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
        ) as http:
            assert (await http.get("/mcp/healthz")).is_success  # it has opened its store by then
            async with Redis.from_url(credentials, decode_responses=True) as redis:
                yield User(http, redis)


def test_names_in_keys_mean_nothing_to_redis() -> None:
    folder = Path("0123456789abcdef")
    assert redis_place(folder, {}) == "0123456789abcdef"
    variables = {"JUPYTERHUB_USER": "a*:b?[c]", "JUPYTERHUB_SERVER_NAME": "é:"}
    place = redis_place(folder, variables)
    assert place == "user:a%2A%3Ab%3F%5Bc%5D:%C3%A9%3A:0123456789abcdef"


def test_the_rules_are_those_of_the_page() -> None:
    [command] = re.findall("ACL SETUSER alice on .*?```", DOCS.read_text(), re.DOTALL)
    given = shlex.split(command.removesuffix("```").replace("\\\n", " "))
    assert given[5:] == access_rules("user:alice")


async def test_no_user_has_the_sessions_of_another(jupyter: StartJupyter, tmp_path: Path) -> None:
    if not installed():
        pytest.skip(MISSING)
    root = tmp_path / "home" / "jovyan"
    root.mkdir(parents=True)
    with redis_server(tmp_path, password=ADMIN) as url:
        admin: Any
        async with Redis.from_url(url, decode_responses=True) as admin:
            for name in ("alice", "bob"):
                rules = ["on", f">password-of-{name}", *access_rules(f"user:{name}")]
                await admin.execute_command("ACL", "SETUSER", name, *rules)
            async with (
                user_of("alice", "", url, jupyter, root) as alice,
                user_of("bob", "", url, jupyter, root) as bob,
                user_of("alice", "gpu", url, jupyter, root) as named,
            ):
                opened = await alice.call("use_notebook", notebook_path="a.ipynb", mode="create")
                session_id = opened["result"]["session_id"]
                for other in (bob, named):
                    assert (await other.call("list_sessions"))["result"]["sessions"] == []
                    read = await other.call("read_notebook", session_id=session_id)
                    assert read["code"] == "session_not_found"
                    seen = await other.call("list_activity")
                    assert seen["result"]["session_count"] == 0
                # The same id in another's server is another session.
                await bob.call("use_notebook", notebook_path="a.ipynb", session_id=session_id)
                await bob.call("unuse_notebook", session_id=session_id)
                assert (await alice.call("read_notebook", session_id=session_id))["success"]

                keys = await admin.keys("*")
                assert keys
                assert all(key.startswith("jmcp:user:alice::") for key in keys)
                [record] = [key for key in keys if f"session:{SHARED_PRINCIPAL}:" in key]
                assert await alice.redis.hgetall(record)
                for refused in (
                    bob.redis.hgetall(record),
                    bob.redis.delete(record),
                    bob.redis.smembers(f"jmcp:user:alice::x:sessions:{SHARED_PRINCIPAL}"),
                    bob.redis.keys("*"),
                    bob.redis.execute_command("SCAN", 0),
                    bob.redis.execute_command("RANDOMKEY"),
                    bob.redis.execute_command("MONITOR"),
                    bob.redis.flushall(),
                ):
                    with pytest.raises(NoPermissionError):
                        await refused
                script = await bob.redis.script_load("return redis.call('HGETALL', ARGV[1])")
                with pytest.raises(ResponseError, match="can't access at least one of the keys"):
                    await bob.redis.evalsha(script, 0, record)
