"""What the gateway says where a server does not start, or is not jmcp: in words, on every surface."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.hub.gateway.users import KNOWN_SECONDS
from tests.hub.conftest import GIANTS
from tests.hub.hub_user import HubUser, hub_user, message_of
from tests.hub.running_hub import RunningHub
from tests.thorough import amount, thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def refused(user: HubUser, code: str, words: str, *statuses: int) -> None:
    """Every surface says so: a tool of MCP with a stream and without, a list, and REST."""
    result = await user.result("list_files")
    assert result["isError"] is True
    assert words in result["content"][0]["text"]
    assert result["_meta"]["jmcp/error"]["code"] == code

    listed = await user.message("tools/list", {})
    error = message_of(listed)["error"]
    assert words in error["message"]
    assert error["data"]["code"] == code

    answer = await user.rest("GET", "/jmcp/v1/files")
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert answer.json()["code"] == code
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_hub_at_capacity_says_so_to_agents(hub: RunningHub) -> None:
    user = await hub_user(hub, "goliath")
    added = await hub.api("POST", f"/groups/{GIANTS}/users", json={"users": [user.name]})
    assert added.is_success, added.text
    await refused(user, "server_not_started", "At capacity", 503)


@thorough  # the Hub sees it after half a minute
async def test_a_server_that_ends_while_it_starts_is_told(hub: RunningHub) -> None:
    user = await hub_user(hub, "ill")
    configuration = hub.folder(user.name) / ".jupyter" / "jupyter_server_config.py"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("import os\nos._exit(3)\n")
    result = await user.result("list_files")
    assert result["isError"] is True
    text = result["content"][0]["text"]
    assert "was not started" in text
    # Mended, it starts at the next call.
    configuration.unlink()
    assert not (await user.result("list_files")).get("isError")


@thorough  # one more server
async def test_a_server_without_jmcp_says_so(hub: RunningHub) -> None:
    user = await hub_user(hub, "bare")
    configuration = hub.folder(user.name) / ".jupyter" / "jupyter_server_config.py"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("c.ServerApp.jpserver_extensions = {'jmcp': False}\n")
    await refused(user, "server_refused", "what answers there is not jmcp", 502)


async def test_a_token_that_lacks_a_right_is_told_which(hub: RunningHub) -> None:
    user = await hub_user(hub, "ada")
    await user.call("list_files")
    for lacking, scopes in (
        ("access:servers!user=ada", ("access:services!service=jmcp", "servers!user={0}")),
        ("access:services!service=jmcp", ("access:servers!user={0}", "servers!user={0}")),
    ):
        narrow = HubUser(hub=hub, name=user.name, token=await hub.user(user.name, scopes))
        answer = await narrow.rest("GET", "/jmcp/v1/files")
        assert answer.status_code == 403
        assert lacking in answer.json()["detail"]


async def test_links_lead_through_the_gateway(hub: RunningHub) -> None:
    user = await hub_user(hub, "ada")
    body = {"notebook_path": "links.ipynb", "mode": "create"}
    created = await user.rest("POST", "/jmcp/v1/sessions", json=body)
    location = created.headers["Location"]
    assert location.startswith("/services/jmcp/jmcp/v1/sessions/")
    assert (await hub.http.get(f"{hub.url}{location}", headers=user.headers)).is_success
    await user.session("links-2.ipynb")
    page = await user.rest("GET", "/jmcp/v1/sessions?limit=1")
    link = page.headers["Link"].partition("<")[2].partition(">")[0]
    assert (await hub.http.get(f"{hub.url}{link}", headers=user.headers)).is_success
    document = (await user.rest("GET", "/jmcp/openapi.json")).json()
    assert document["servers"] == [{"url": "/services/jmcp"}]


@thorough  # it waits for as long as a token is known
async def test_a_revoked_token_is_refused(hub: RunningHub) -> None:
    user = await hub_user(hub, "revoked")
    assert (await user.rest("GET", "/jmcp/v1/sessions")).is_success
    tokens = (await hub.api("GET", f"/users/{user.name}/tokens")).json()["api_tokens"]
    for token in tokens:
        if token.get("note") == "tests":
            await hub.api("DELETE", f"/users/{user.name}/tokens/{token['id']}")

    async def is_refused() -> bool:
        return (await user.rest("GET", "/jmcp/v1/sessions")).status_code == 401

    await hub.until(is_refused, KNOWN_SECONDS + 10, "the revoked token is refused")
    answer = await user.rest("POST", "/mcp", json={})
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_many_streams_at_once_get_all_their_events(hub: RunningHub) -> None:
    user = await hub_user(hub, "ada")
    streams = amount(fast=4, all=20)
    code = "import time\nfor n in range(20):\n    print('line', n, flush=True); time.sleep(0.05)"
    sessions = [await user.session(f"streams-{n}.ipynb") for n in range(streams)]

    async def streamed(session: str) -> list[str]:
        answer = await user.rest(
            "POST",
            f"/jmcp/v1/sessions/{session}/code",
            json={"code": code},
            headers={"Accept": "text/event-stream"},
        )
        assert answer.status_code == 200, answer.text
        return [line for line in answer.text.splitlines() if line.startswith("data:")]

    for lines in await asyncio.gather(*map(streamed, sessions)):
        assert len(lines) > 1
        assert "line 19" in lines[-1], lines[-3:]


async def test_a_large_body_and_too_many_requests_are_refused(hub: RunningHub) -> None:
    user = await hub_user(hub, "ada")
    large = await user.rest("POST", "/mcp", content=b" " * (65 * 2**20))
    assert large.status_code == 413
    assert large.json()["code"] == "body_too_large"
    answers: list[Any] = await asyncio.gather(
        *(user.rest("GET", "/mcp/healthz") for _ in range(700)), return_exceptions=True
    )
    statuses = {one.status_code for one in answers if not isinstance(one, Exception)}
    assert statuses == {200, 429}, answers
