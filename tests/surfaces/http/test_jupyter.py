"""The site inside a real Jupyter Server: authentication, Host and Origin, base_url, logs, stop."""

from __future__ import annotations

import logging

import pytest

from jmcp import compose
from jmcp.transport.middleware.session_ids import mask
from tests.jupyter_process import TOKEN, StartJupyter, stop
from tests.surfaces.conftest import HEADERS, ExtensionServer, client_of
from tests.surfaces.http.test_wire import problem

pytestmark = pytest.mark.oldest

XSRF = "5f" * 16  # what a page of Jupyter would have set as a cookie
PATHS = ["/mcp", "/mcp/", "/mcp/healthz", "/jmcp/v1/kernels", "/jmcp/docs", "/jmcp/nope"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_nothing_answers_without_the_token(
    extension: ExtensionServer, headers: dict[str, str]
) -> None:
    async with client_of(extension.serverapp, **(headers or {"X-None": ""})) as stranger:
        for path in PATHS:
            for method in ("GET", "POST", "DELETE", "HEAD", "TRACE"):
                response = await stranger.request(method, path)
                assert response.status_code == 401, (method, path)
                assert response.headers["www-authenticate"].startswith("Bearer")
                assert response.headers["content-type"] == "application/problem+json"
                assert "set-cookie" not in response.headers


async def test_the_token_is_accepted_as_jupyter_does(extension: ExtensionServer) -> None:
    for headers in (HEADERS, {"Authorization": f"token {TOKEN}"}):
        async with client_of(extension.serverapp, **headers) as client:
            assert (await client.get("/mcp/healthz")).json()["version"] == compose.VERSION
    async with client_of(extension.serverapp, **{"X-None": ""}) as client:
        # Not an argument of the tool, although it stands among them.
        response = await client.get(f"/jmcp/v1/kernels?token={TOKEN}")
        assert response.status_code == 200, response.text


async def test_a_cookie_needs_xsrf_to_change_anything(extension: ExtensionServer) -> None:
    async with client_of(extension.serverapp, **{"X-None": ""}) as browser:
        await browser.get(f"/login?token={TOKEN}")
        assert (await browser.get("/jmcp/docs")).status_code == 200
        sent = {"tool_name": "list_kernels"}
        problem(await browser.post("/mcp/tools/call", json=sent), 403)
        browser.cookies.set("_xsrf", XSRF, domain="127.0.0.1")
        headers = {"X-XSRFToken": XSRF}
        assert (await browser.post("/mcp/tools/call", json=sent, headers=headers)).is_success


async def test_host_and_origin_are_checked_for_every_path(extension: ExtensionServer) -> None:
    for path in PATHS:
        problem(await extension.client.get(path, headers={"Origin": "http://evil.example"}), 403)
        problem(await extension.client.get(path, headers={"Host": "evil.example"}), 421)
    own = await extension.client.get("/mcp/healthz", headers={"Origin": extension.url})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers


async def test_every_refusal_is_a_problem(extension: ExtensionServer) -> None:
    assert problem(await extension.client.get("/jmcp/nope"), 404)["code"] == "not_found"
    for method in ("TRACE", "PUT"):
        refused = await extension.client.request(method, "/jmcp/v1/kernels")
        problem(refused, 405)
        assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    # A method that Tornado refuses before anybody is asked.
    refused = await extension.client.request("PROPFIND", "/jmcp/v1/kernels")
    problem(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
    offered = await extension.client.options("/jmcp/v1/kernels")
    assert (offered.status_code, offered.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    head = await extension.client.head("/jmcp/v1/kernels")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_configured_origin_gets_what_a_browser_asks_for(jupyter: StartJupyter) -> None:
    server = await jupyter(
        collaboration=False, extensions=["jmcp"], ServerApp={"allow_origin": "https://a.example"}
    )
    async with client_of(server, Origin="https://a.example") as browser:
        preflight = await browser.options("/mcp")
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == "https://a.example"
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        answer = await browser.get("/mcp/healthz", headers=HEADERS)
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        problem(await browser.get("/mcp/healthz", headers={"Origin": "https://b.example"}), 403)


async def test_everything_lives_below_base_url(jupyter: StartJupyter) -> None:
    server = await jupyter(
        collaboration=False, extensions=["jmcp"], ServerApp={"base_url": "/user/a%20b"}
    )
    async with client_of(server) as client:
        opened = await client.post(
            "/jmcp/v1/sessions", json={"notebook_path": "a.ipynb", "mode": "create"}
        )
        assert opened.status_code == 201, opened.text
        location = opened.headers["location"]
        assert location.startswith("/user/a%20b/jmcp/v1/sessions/")
        read = await client.get(location.removeprefix("/user/a%20b"))
        assert read.json()["notebook_path"] == "a.ipynb"
        described = (await client.get("/jmcp/openapi.json")).json()
        assert [one["url"] for one in described["servers"]] == ["/user/a%20b"]


def test_session_ids_are_masked() -> None:
    assert mask("/jmcp/v1/sessions/abcdefgh/cells?x=1") == "/jmcp/v1/sessions/ab***/cells?x=1"
    assert mask("/jmcp/v1/notebooks?a=1&session_id=abcdefgh") == (
        "/jmcp/v1/notebooks?a=1&session_id=ab***"
    )
    assert mask("/jmcp/v1/sessions/abcdefgh/review?of_session_id=ijklmnop") == (
        "/jmcp/v1/sessions/ab***/review?of_session_id=ij***"
    )
    assert mask("/jmcp/v1/notebooks") == "/jmcp/v1/notebooks"


async def test_no_log_has_a_session_id_or_the_token(
    extension: ExtensionServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for log in (extension.serverapp.log, logging.getLogger("tornado")):
        log.setLevel(logging.DEBUG)
    unmasked = {"session_id": "secret-session-id"}
    path = "/jmcp/v1/sessions/secret-session-id"
    await extension.client.get(f"{path}/notebook")
    await extension.client.request("PROPFIND", path)
    await extension.client.get("/jmcp/v1/notebooks", params=unmasked)
    await extension.client.get(f"{path}/notebook", headers={"Origin": "http://evil.example"})
    await extension.client.post("/mcp/tools/call", json={"tool_name": "read_cell", **unmasked})
    assert "GET /jmcp/v1/sessions/se***/notebook" in caplog.text
    ours = [line for line in caplog.text.splitlines() if "httpx" not in line]
    assert not [line for line in ours if "secret-session-id" in line or TOKEN in line]


async def test_a_failed_start_leaves_jupyter_alone(
    jupyter: StartJupyter, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await jupyter(
        collaboration=False, extensions=["jmcp"], JmcpExtension={"toolsets": ["nope"]}
    )
    async with client_of(server) as client:
        problem(await client.get("/mcp/healthz"), 503)
        assert (await client.get("/api/status")).status_code == 200
    assert "no toolset nope; there are: apps, code, compat, core, " in capsys.readouterr().err


async def test_stopping_ends_open_streams(extension: ExtensionServer) -> None:
    opening = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        },
    }
    accept = {"Accept": "application/json, text/event-stream"}
    opened = await extension.client.post("/mcp", json=opening, headers=accept)
    session = {"Mcp-Session-Id": opened.headers["mcp-session-id"], **accept}
    async with extension.client.stream("GET", "/mcp", headers=session) as stream:
        # Its headers are here although nothing has happened on it yet.
        assert stream.headers["content-type"].startswith("text/event-stream")
        await stop(extension.serverapp)
