"""Nothing of one user is reachable by another, at no path of the gateway or of a user's server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import jmcp_api
from jmcp.hub.gateway.app import Gateway
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.oauth.server import open_oauth_server
from jmcp.hub.oauth.settings import oauth_settings
from jmcp.hub.platform.platform import platform_routes
from tests.hub.hub_user import HubUser, hub_user, raw
from tests.hub.running_hub import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "the-secret-of-ada"
PLACEHOLDER = re.compile(r"\{(\w+)(?::path)?\}")
REFUSED = frozenset({400, 401, 403, 404, 405, 409, 412, 415, 421, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """What a stranger would need to know."""

    session: str
    cell: str

    def filled(self, path: str) -> str:
        known = {"session_id": self.session, "cell_id": self.cell, "mime_type": "text%2Fplain"}
        return PLACEHOLDER.sub(lambda found: known.get(found[1], "0"), path)


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of everything that a server with jmcp answers, below its own path."""
    document = json.loads(Path(jmcp_api.__file__).with_name("openapi.json").read_bytes())
    for path, methods in document["paths"].items():
        yield from ((method.upper(), path) for method in methods if method != "parameters")
    for method, path in (
        ("POST", "/mcp"),
        ("GET", "/mcp"),
        ("DELETE", "/mcp"),
        ("GET", "/mcp/healthz"),
        ("GET", "/mcp/metrics"),
        ("POST", "/mcp/tools/call"),
        ("GET", "/jmcp/metrics"),
        ("GET", "/jmcp/openapi.json"),
        ("GET", "/jmcp/docs"),
        ("GET", "/jmcp/enter"),
        ("POST", "/jmcp/tickets"),
    ):
        yield method, path


async def mine(user: HubUser) -> Mine:
    session = await user.session("mine.ipynb", f"# {SECRET}", f"print('{SECRET}')")
    cells = await user.call("read_notebook", session_id=session)
    assert SECRET in json.dumps(cells)
    ran = await user.call("execute_cell", session_id=session, cell_index=2)
    assert SECRET in json.dumps(ran)
    found = await user.call("search_notebook", session_id=session, query=SECRET)
    cell = json.loads(json.dumps(found))["matches"]
    first = (
        cell["rows"][0][cell["columns"].index("cell_id")] if "rows" in cell else cell[0]["cell_id"]
    )
    return Mine(session=session, cell=str(first))


async def test_a_stranger_gets_nothing(hub: RunningHub) -> None:
    ada, ben = await hub_user(hub, "ada"), await hub_user(hub, "ben")
    hers = await mine(ada)
    before = await ada.call("read_notebook", session_id=hers.session)
    await ben.call("list_files")

    body = {"session_id": hers.session, "notebook_path": "mine.ipynb", "cell_source": "mine now"}
    call = {"tool_name": "read_notebook", "arguments": {"session_id": hers.session}}
    rpc = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "read_notebook", "arguments": {"session_id": hers.session}},
    }
    reached = []
    for method, path in operations():
        given: dict[str, Any] = {}
        if method in ("POST", "PUT", "PATCH"):
            given["json"] = {"/mcp": rpc, "/mcp/tools/call": call}.get(path, body)
        direct = await hub.http.request(
            method, f"{hub.url}/user/ada{hers.filled(path)}", headers=ben.headers, **given
        )
        if direct.status_code not in (401, 403) or SECRET in direct.text:
            reached.append((method, path, direct.status_code, direct.text[:200]))
        if "{session_id}" in path:
            # At the gateway it is a request to ben's own server, which knows nothing of her session.
            answer = await ben.rest(method, hers.filled(path), **given)
            if answer.status_code not in REFUSED or SECRET in answer.text:
                reached.append((method, f"gateway{path}", answer.status_code, answer.text[:200]))
    assert reached == []
    result = await ben.result("read_notebook", session_id=hers.session)
    assert result["isError"] is True
    assert SECRET not in json.dumps(result)
    assert await ada.call("read_notebook", session_id=hers.session) == before


TRICKS = [
    "/../../user/ada/jmcp/v1/sessions",
    "/mcp/../../../user/ada/mcp/healthz",
    "/jmcp/v1/../../../../user/ada/jmcp/v1/sessions",
    "/jmcp/v1/..%2f..%2f..%2fuser%2fada%2fjmcp%2fv1%2fsessions",
    "/jmcp/v1/%2e%2e/%2e%2e/%2e%2e/ada/jmcp/v1/sessions",
    "/jmcp/v1/%252e%252e/%252e%252e/user/ada/jmcp/v1/sessions",
    "/jmcp/v1/..%5c..%5cada/jmcp/v1/sessions",
    "/jmcp/v1/..;/..;/ada/jmcp/v1/sessions",
    "/jmcp//user/ada/jmcp/v1/sessions",
    "//user/ada/jmcp/v1/sessions",
    "/user/ada/jmcp/v1/sessions",
    "/mcp/user/ada/jmcp/v1/sessions",
    "/jmcp/v1/sessions/../../../ada/jmcp/v1/sessions",
    "/jmcp/v1/notebooks@ada/user/ada",
    "/jmcp/v1/%2Fuser%2Fada%2Fjmcp%2Fv1%2Fsessions",
    "/jmcp/v1/%00/../user/ada",
    "/jmcp/v1/sessions?/../../user/ada/jmcp/v1/sessions",
    "/jmcp/v1/files?path=../ada",
    "/jmcp/v1/files?path=/../ada/",
    "/jmcp/v1/files?path=%2e%2e%2fada",
]
"""Raw targets below the gateway's own path."""


async def test_no_path_leads_to_another_server(hub: RunningHub) -> None:
    ada, ben = await hub_user(hub, "ada"), await hub_user(hub, "ben")
    await ada.session("tricks-of-ada.ipynb")
    await ben.call("list_files")
    reached = []
    for trick in TRICKS:
        status, text = await raw(hub, f"/services/jmcp{trick}", ben.headers)
        if "of-ada" in text or SECRET in text:
            reached.append((trick, status, text))
    assert reached == []

    host = hub.url.removeprefix("http://")
    lies = {
        "Host": "ada",
        "X-Forwarded-Host": "ada." + host,
        "X-Forwarded-Prefix": "/user/ada",
        "X-Forwarded-Path": "/user/ada",
        "X-Forwarded-User": "ada",
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "X-Original-URL": "/user/ada/jmcp/v1/sessions",
        "X-Rewrite-URL": "/user/ada/jmcp/v1/sessions",
        "X-HTTP-Method-Override": "GET",
        "X-JupyterHub-User": "ada",
        "JupyterHub-User": "ada",
        "X-XSRFToken": "x",
        "Remote-User": "ada",
        "Cookie": "jupyterhub-user-ada=1; jupyterhub-session-id=1; _xsrf=x",
        "Forwarded": "for=127.0.0.1;host=ada",
    }
    for name, value in lies.items():
        status, text = await raw(
            hub, "/services/jmcp/jmcp/v1/sessions", ben.headers | {name: value}
        )
        assert "of-ada" not in text, (name, text)
        assert status in {200, 400, 401, 403, 421}, (name, status, text)
    # His token in the header, hers in the URL: only the header counts.
    status, text = await raw(hub, f"/services/jmcp/jmcp/v1/sessions?token={ada.token}", ben.headers)
    assert "of-ada" not in text
    status, text = await raw(hub, f"/services/jmcp/jmcp/v1/sessions?token={ada.token}", {})
    assert status == 401


async def test_nobody_comes_in_without_a_token(hub: RunningHub, tmp_path: Path) -> None:
    """Not to a server, and not to what the page asks for."""
    anything = Mine(session="x", cell="x")
    paths = [(method, anything.filled(path)) for method, path in operations()]
    api = page_api(hub, tmp_path)
    assert len(api) > 5
    paths += [(method, anything.filled(path)) for method, path in api]
    odd = []
    for method, path in paths:
        for headers in ({}, {"Authorization": "Bearer jmcp_at_wrong"}, {"Cookie": "jmcp-login=x"}):
            answer = await hub.http.request(method, f"{hub.gateway}{path}", headers=headers)
            if answer.status_code not in (401, 403, 429):
                odd.append((method, path, headers, answer.status_code, answer.text[:100]))
    assert odd == []
    assert (await hub.http.get(f"{hub.gateway}/metrics")).status_code in (401, 403)


def page_api(hub: RunningHub, folder: Path) -> list[tuple[str, str]]:
    """Method and path of what the gateway's page asks for, below the gateway's own path."""
    prefix = "/services/jmcp"
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        prefix=prefix,
        service="jmcp",
        api_url=f"{hub.given['hub_url']}/hub/api",
        base_path="/",
        proxy_url=hub.url,
        public_url=hub.url,
        client_id="service-jmcp",
        api_token="x",
        state_folder=folder,
    )
    oauth = open_oauth_server(
        oauth_settings(
            public_url=hub.url,
            prefix=prefix,
            api_url=settings.api_url,
            base_path="/",
            client_id=settings.client_id,
            api_token="x",
            state_folder=folder,
            subdomains=False,
        )
    )
    routes = platform_routes(Gateway(settings, oauth), oauth)
    return [
        (method, route.path.removeprefix(prefix))
        for route in routes
        if route.path.startswith(f"{prefix}/api")
        for method in sorted(route.methods or ())
    ]
