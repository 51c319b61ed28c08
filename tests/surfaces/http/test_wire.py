"""HTTP requests in, tool calls out, and outcomes back: whatever the tools do."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.calls.call import Outcome
from jmcp.core.calls.permissions import Permissions
from jmcp.hosting.standalone import PUBLIC_PATHS
from jmcp.transport.site import site
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site

ERRORS = {error.code: error for error in API.policy.session_errors}
SESSION = "/jmcp/v1/sessions/abcdefgh"
PROBLEM = {"type", "title", "status", "detail", "code", "fault", "retry", "details"}


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem that a response must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert content.keys() >= PROBLEM
    assert content["status"] == status
    return content


@pytest.mark.parametrize(
    ("method", "path", "sent", "tool", "arguments"),
    [
        ("GET", f"{SESSION}/notebook", None, "read_notebook", {"session_id": "abcdefgh"}),
        ("GET", "/jmcp/v1/sessions/default/notebook", None, "read_notebook", {}),
        (
            "GET",
            f"{SESSION}/cells/at/3?include_outputs=false&notebook_path=a%20b.ipynb",
            None,
            "read_cell",
            {
                "session_id": "abcdefgh",
                "cell_index": 3,
                "include_outputs": False,
                "notebook_path": "a b.ipynb",
            },
        ),
        # One in fifty generated cell ids is all digits.
        (
            "GET",
            f"{SESSION}/cells/12345678",
            None,
            "read_cell",
            {"session_id": "abcdefgh", "cell_id": "12345678"},
        ),
        (
            "POST",
            f"{SESSION}/cells/c%C3%A4/execution?notebook_path=x.ipynb",
            {"wait": 1},
            "execute_cell",
            {"session_id": "abcdefgh", "cell_id": "cä", "wait": 1, "notebook_path": "x.ipynb"},
        ),
        (
            "DELETE",
            f"{SESSION}/cells?cell_indices=0&cell_indices=2",
            None,
            "delete_cell",
            {"session_id": "abcdefgh", "cell_indices": [0, 2]},
        ),
        ("POST", f"{SESSION}/kernel/restart", None, "restart_notebook", {"session_id": "abcdefgh"}),
        # What is null is not given, wherever it would belong.
        (
            "POST",
            f"{SESSION}/code",
            {"code": "1", "wait": None, "timeout": None, "session_id": None, "notebook_path": None},
            "execute_code",
            {"session_id": "abcdefgh", "code": "1"},
        ),
    ],
)
async def test_requests_become_calls(
    site_client: Client,
    recording: RecordingDispatcher,
    method: str,
    path: str,
    sent: dict[str, Any] | None,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    response = await site_client.request(method, path, json=sent)
    assert response.status_code == 200, response.text
    assert [call[:2] for call in recording.calls] == [(tool, arguments)]


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("DELETE", "/jmcp/v1/sessions/default", None),
        ("DELETE", "/jmcp/v1/sessions/default/cells?cell_indices=0", None),
        ("GET", f"{SESSION}/notebook?session_id=another1", None),
        ("POST", f"{SESSION}/code", {"code": "1", "session_id": "another1"}),
        ("POST", f"{SESSION}/code", {"code": "1", "notebook_path": "a.ipynb"}),
        ("POST", f"{SESSION}/code?code=1", {}),
        ("POST", "/jmcp/v1/sessions?notebook_path=a.ipynb", {}),
    ],
)
async def test_arguments_in_the_wrong_place_are_refused(
    site_client: Client,
    recording: RecordingDispatcher,
    method: str,
    path: str,
    sent: dict[str, Any] | None,
) -> None:
    response = await site_client.request(method, path, json=sent)
    assert problem(response, 400)["code"] == "invalid_arguments"
    assert recording.calls == []


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"code": "1", "code": "2"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
    ],
)
async def test_bodies_that_are_no_json_object_are_refused(
    site_client: Client, recording: RecordingDispatcher, content: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    problem(await site_client.post(f"{SESSION}/code", content=content, headers=headers), status)
    assert recording.calls == []


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_tool_errors_become_problems(
    site_client: Client, recording: RecordingDispatcher, code: str
) -> None:
    error = ERRORS[code]("what happened", path="a.ipynb")
    recording.outcome = Outcome(tool="list_kernels", text="text", error=error)
    response = await site_client.get("/jmcp/v1/kernels")
    content = problem(response, error.http)
    assert content | error.payload() | {"detail": "what happened"} == content | {
        "message": "what happened"
    }
    assert ("retry-after" in response.headers) == (error.http in (429, 503))


async def test_a_created_thing_says_where_it_can_be_read(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    recording.outcome = Outcome(tool="any", text="", result={"session_id": "s1", "cell_id": "a/b"})
    opened = await site_client.post("/jmcp/v1/sessions", json={"notebook_path": "a.ipynb"})
    assert (opened.status_code, opened.headers["location"]) == (
        201,
        "/jmcp/v1/sessions/s1/notebook",
    )
    inserted = await site_client.post("/jmcp/v1/sessions/default/cells", json={})
    assert inserted.headers["location"] == "/jmcp/v1/sessions/s1/cells/a%2Fb"
    recording.outcome = Outcome(
        tool="any", text="", result={"session_id": "s1", "cell_id": None, "cell_index": 0}
    )
    inserted = await site_client.post("/jmcp/v1/sessions/default/cells", json={})
    assert inserted.headers["location"] == "/jmcp/v1/sessions/s1/cells/at/0"


async def test_a_bug_is_a_problem_that_tells_nothing(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    recording.outcome = RuntimeError("secret")
    response = await site_client.get("/jmcp/v1/kernels")
    assert problem(response, 500)["code"] == "internal_error"
    assert "secret" not in response.text


@pytest.mark.parametrize("path", ["/jmcp/v1/nope", "/jmcp/nope", "/jmcp/v1/sessions//notebook"])
async def test_unknown_paths_are_problems(site_client: Client, path: str) -> None:
    problem(await site_client.get(path), 404)


@pytest.mark.parametrize("path", ["/jmcp/v1/kernels", "/jmcp/docs", "/mcp", "/mcp/tools/call"])
@pytest.mark.parametrize("method", ["TRACE", "PATCH", "PROPFIND"])
async def test_other_methods_are_refused_with_allow(
    site_client: Client, path: str, method: str
) -> None:
    response = await site_client.request(method, path)
    problem(response, 405)
    offered = await site_client.options(path)
    assert (offered.status_code, offered.content) == (204, b"")
    assert response.headers["allow"] == offered.headers["allow"]
    assert method not in response.headers["allow"]


async def test_methods_of_one_path_are_offered_together(site_client: Client) -> None:
    offered = await site_client.options(f"{SESSION}/cells/at/0/source")
    assert offered.headers["allow"] == "PUT, PATCH, OPTIONS"


async def test_head_is_get_without_the_body(site_client: Client) -> None:
    head, get = (
        await site_client.head("/jmcp/v1/kernels"),
        await site_client.get("/jmcp/v1/kernels"),
    )
    assert head.status_code == 200
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", ["/jmcp/v1/kernels", "/mcp", "/mcp/healthz", "/jmcp/nope"])
async def test_host_and_origin_are_checked_everywhere(site_client: Client, path: str) -> None:
    problem(await site_client.get(path, headers={"Origin": "http://evil.example"}), 403)
    problem(await site_client.get(path, headers={"Host": "evil.example"}), 421)


async def test_no_cross_origin_headers(site_client: Client) -> None:
    response = await site_client.get("/mcp/healthz", headers={"Origin": "http://localhost:6274"})
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_health(site_client: Client) -> None:
    response = await site_client.get("/mcp/healthz")
    about: dict[str, object] = {"service": "jmcp", "version": "1.2.3"}
    about |= {"sessions": None, "kernel_status": "unknown"}
    about |= {"notebooks": "jmcp", "pages": 2}
    assert response.json() == {"status": "healthy", **about}


async def test_tools_are_listed(site_client: Client) -> None:
    content = (await site_client.get("/mcp/tools/list")).json()
    plain = [name for name, tool in API.tools.items() if tool.view is None]
    assert content["count"] == len(content["tools"]) == len(plain)


async def test_tools_of_all_toolsets_are_listed_where_mcp_shows_only_some(
    recording: RecordingDispatcher,
) -> None:
    permissions = Permissions(API, deny=["delete_cell"])
    made = site(recording, version="1.2.3", toolsets=("core",), permissions=permissions)
    async with client_of_site(made) as client:
        shown = (await client.get("/mcp/tools/list")).json()["tools"]
        every = (await client.get("/mcp/tools/list?toolsets=all")).json()
        assert {API.tools[entry["name"]].toolset for entry in shown} == {"core"}
        assert not any("toolset" in entry for entry in shown)
        named = {entry["name"]: entry.pop("toolset") for entry in every["tools"]}
        permitted = API.tools.keys() - {"delete_cell"}
        assert named == {name: API.tools[name].toolset for name in permitted}
        assert all(entry in every["tools"] for entry in shown)
        problem(await client.get("/mcp/tools/list?toolsets=core"), 400)


@pytest.mark.parametrize("name", sorted(API.tools))
async def test_every_tool_can_be_called(
    site_client: Client, recording: RecordingDispatcher, name: str
) -> None:
    recording.outcome = Outcome(tool=name, text="text", result={"a": None})
    sent = {"tool_name": name, "arguments": {"x": 1}}
    response = await site_client.post("/mcp/tools/call", json=sent)
    assert response.json() == {"success": True, "result": {"a": None}, "text": "text"}
    assert recording.calls[-1][:2] == (name, {"x": 1})


async def test_a_failed_tool_call_is_a_problem(
    site_client: Client, recording: RecordingDispatcher
) -> None:
    error = ERRORS["session_not_found"]("gone")
    recording.outcome = Outcome(tool="read_cell", text="gone (error)", error=error)
    response = await site_client.post("/mcp/tools/call", json={"tool_name": "read_cell"})
    content = problem(response, 404)
    assert content["success"] is False
    assert (content["code"], content["text"]) == ("session_not_found", "gone (error)")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"tool_name": "nope"}, 404),
        ({}, 400),
        ({"tool_name": 1}, 400),
        ({"tool_name": "list_kernels", "arguments": []}, 400),
        ({"tool_name": "list_kernels", "args": {}}, 400),
    ],
)
async def test_wrong_tool_calls_are_problems(
    site_client: Client, recording: RecordingDispatcher, sent: dict[str, Any], status: int
) -> None:
    assert problem(await site_client.post("/mcp/tools/call", json=sent), status)["success"] is False
    assert recording.calls == []


async def test_the_pages_of_earlier_servers_lead_to_the_workbench(
    recording: RecordingDispatcher,
) -> None:
    made = site(
        recording, version="1.2.3", own_root=True, token="secret", public_paths=PUBLIC_PATHS
    )
    async with client_of_site(made) as client:
        for path in ("/interactive_mcp_test.html", "/test_iframe_switching.html"):
            response = await client.get(f"{path}?token=secret")
            assert response.status_code == 307
            assert response.headers["location"] == "jmcp/workbench"
            assert response.headers["referrer-policy"] == "no-referrer"
            page = await client.get(path, follow_redirects=True)
            assert (page.url.path, page.status_code) == ("/jmcp/workbench", 200)
