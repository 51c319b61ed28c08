"""A token goes in and never comes out: not to whoever calls, not to code that runs, not to `ps`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2 as httpx
import pytest

from jmcp.compose import API
from tests.scenarios.observability.logged_server import LoggedServer, jmcp, logged_server
from tests.served import JUPYTER_TOKEN, TOKEN, jupyter_server, standalone_variables
from tests.thorough import fast_only

SECONDS = 120
SECRETS = (TOKEN, JUPYTER_TOKEN)
OURS = {"JMCP_STRICT", "JMCP_TOOLSET"}
"""Set by the tests, also for a Jupyter Server that jmcp does not start."""

CODE = "import os, json; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module", params=fast_only(["jmcp serve", "standalone"], "standalone"))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoggedServer]:
    """With its tokens in variables, as a service or a client's configuration has them."""
    tmp_path = tmp_path_factory.mktemp("tokens")
    home, root = tmp_path / "home", tmp_path / "root"
    variables = {"JMCP_TOKEN": TOKEN, "JUPYTERHUB_API_TOKEN": TOKEN}
    with ExitStack() as stack:
        options = ["--port", "0"]
        if request.param == "jmcp serve":
            options.append("--no-browser")
        else:
            jupyter = stack.enter_context(
                jupyter_server(tmp_path / "jupyter", root, collaboration=False)
            )
            variables |= standalone_variables(jupyter)
        yield stack.enter_context(logged_server(jmcp(*options), home, root, variables=variables))


def test_no_answer_has_a_token(server: LoggedServer) -> None:
    """Results, errors, redirects, pages: of every path, with it, with a wrong one and without."""
    paths = [
        *(route.path.replace("{", "").replace("}", "") for route in API.routes),
        "/mcp",
        "/mcp/",
        "/mcp/healthz",
        "/mcp/tools/list",
        "/jmcp/docs",
        "/jmcp/openapi.json",
        "/jmcp/metrics",
        "/jmcp/nowhere",
    ]
    if "--no-browser" not in server.command_line():  # else those are Jupyter's, as it makes them
        paths += ["/metrics", "/api/healthz", "/", "/nowhere"]
    with httpx.Client(timeout=SECONDS) as client:
        for path in dict.fromkeys(paths):
            for method in ("GET", "POST", "DELETE", "OPTIONS"):
                for headers in ({}, {"Authorization": "Bearer wrong"}, server.headers):
                    for query in ("", f"?token={TOKEN}"):
                        url = f"{server.url.rstrip('/')}{path}{query}"
                        with client.stream(method, url, headers=headers) as answer:
                            stream = answer.headers.get("content-type", "")
                            if not stream.startswith("text/event-stream"):
                                answer.read()
                                silent(answer.text, url)
                            silent(str(answer.headers), url)


def test_code_that_runs_and_who_looks_at_processes_see_none(server: LoggedServer) -> None:
    with httpx.Client(headers=server.headers, timeout=SECONDS) as client:
        opened = call(client, server, "use_notebook", notebook_path="a.ipynb", mode="create")
        run = call(
            client,
            server,
            "execute_code",
            session_id=opened["session_id"],
            code=CODE,
            wait=SECONDS,
        )
        (output,) = run["outputs"]
        names = set(re.findall(r'"(\w+)":', output["text"]))
        assert "PATH" in names, output
        assert not {name for name in names if name.startswith("JMCP") or "TOKEN" in name} - OURS
        silent(output["text"], "os.environ")
    silent(server.command_line(), "the command line")


def call(client: httpx.Client, server: LoggedServer, tool: str, **arguments: Any) -> dict[str, Any]:
    body = {"tool_name": tool, "arguments": arguments}
    answer = client.post(f"{server.mcp_url}/tools/call", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


def silent(text: str, where: str) -> None:
    for secret in SECRETS:
        assert secret not in text, where
