"""jmcp over HTTP outside of the Jupyter Server that it works on."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx2 as httpx
import pytest

from jmcp.core.errors import ServeError
from jmcp.core.sessions.records import Pause
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from jmcp.hosting import remote_servers
from jmcp.hosting import standalone as standalone_module
from jmcp.hosting.jupyter_address import jupyter_address
from jmcp.options.serve_options import JupyterAddress, StandaloneOptions
from tests.command_line import jmcp
from tests.network import network
from tests.served import (
    TOKEN,
    Served,
    environment,
    free_port,
    jupyter_server,
    standalone,
    standalone_command,
)
from tests.surfaces.contract.surfaces import Mcp, Rest, Surface, ToolsCall
from tests.thorough import fast_only

SECONDS = 60


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Jupyter Server without collaboration and without jmcp."""
    base = tmp_path_factory.mktemp("plain")
    with jupyter_server(base / "home", base / "root", collaboration=False) as server:
        yield server


def run(home: Path, variables: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        standalone_command(*options),
        env=environment(home) | variables,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def state_file(home: Path) -> Path:
    [file] = home.rglob("state.db")
    return file


async def mark(home: Path, paused: Pause | None) -> None:
    """Pause the one session, as another process does that shares the store; None resumes it."""
    store = SqliteStore(StateFile(state_file(home)))
    [record] = await store.idle_since(float("inf"))
    await store.change(record.owner, record.session_id, partial(replace, paused=paused))
    await store.close()


async def test_every_http_surface_works_on_a_remote_jupyter(tmp_path: Path, plain: Served) -> None:
    with standalone(tmp_path, plain) as served:
        surfaces: list[Surface] = [Mcp(served, "auto"), Rest(served), ToolsCall(served)]
        for number, surface in enumerate(surfaces):
            path = {"notebook_path": f"surface{number}.ipynb"}
            opened = await surface.call("use_notebook", path | {"mode": "create"})
            assert opened.result is not None, opened.text
            assert opened.result["document"] == "file"
            codes = [notice["code"] for notice in opened.result["notices"]]
            assert "outside_of_jupyter" in codes
            session = {"session_id": opened.result["session_id"]}
            ran = await surface.call(
                "insert_execute_code_cell", session | {"cell_index": 0, "cell_source": "6 * 7"}
            )
            assert ran.result is not None, ran.text
            assert "42" in json.dumps(ran.result["outputs"])
            await mark(tmp_path, Pause(at=0.0))
            inserted = session | {"cell_index": 0, "cell_type": "code", "cell_source": "no"}
            refused = await surface.call("insert_cell", inserted)
            assert refused.error == "paused_by_person", refused.text
            read = await surface.call("read_notebook", session)
            assert read.result is not None, read.text
            await mark(tmp_path, None)
            await surface.call("unuse_notebook", session | {"kernel": "stop"})
        assert "42" in (plain.root / "surface0.ipynb").read_text()


async def test_documents_of_one_server_and_kernels_of_another(
    tmp_path: Path, plain: Served
) -> None:
    with (
        jupyter_server(tmp_path / "home", plain.root, base_url="/k/", token="kernels") as kernels,
        standalone(tmp_path / "jmcp", plain, kernels=kernels) as served,
    ):
        tools = ToolsCall(served)
        path = {"notebook_path": "mixed.ipynb", "mode": "create"}
        opened = await tools.call("use_notebook", path)
        assert opened.result is not None, opened.text
        assert opened.result["document"] == "file"
        session = {"session_id": opened.result["session_id"]}
        ran = await tools.call(
            "insert_execute_code_cell", session | {"cell_index": 0, "cell_source": "6 * 7"}
        )
        assert ran.result is not None, ran.text
        assert ran.result["status"] == "ok"
        with httpx.Client(timeout=SECONDS) as http:
            running = {
                server.url: http.get(
                    f"{server.url}api/kernels", headers={"Authorization": f"token {server.token}"}
                ).json()
                for server in (plain, kernels)
            }
            health = http.get(f"{served.url}api/healthz").json()
        assert (len(running[plain.url]), len(running[kernels.url])) == (0, 1)
        assert (health["documents"]["reachable"], health["kernels"]["reachable"]) == (True, True)
        await tools.call("unuse_notebook", session | {"kernel": "stop"})


async def test_health_says_whether_jupyter_answers(tmp_path: Path, plain: Served) -> None:
    async with network(int(plain.url.rstrip("/").rpartition(":")[2])) as proxy:
        through = replace(plain, url=f"http://127.0.0.1:{proxy.port}/")
        home = tmp_path / "jmcp"
        with_jupyter = standalone(home, through)
        # Starting waits in a thread, for the network lives in this loop.
        served = await asyncio.to_thread(with_jupyter.__enter__)
        try:
            async with httpx.AsyncClient(base_url=served.url, timeout=SECONDS) as http:
                health = (await http.get("api/healthz")).json()
                assert health["status"] == "healthy"
                assert health["jupyter"] == {"reachable": True, "reason": None}
                proxy.cut()
                async with asyncio.timeout(SECONDS):
                    while health["status"] == "healthy":  # it is asked at most once a second
                        health = (await http.get("api/healthz")).json()
                assert health["jupyter"]["reachable"] is False
                tools = await http.get("mcp/tools/list", headers=served.headers)
                assert tools.status_code == 200
        finally:
            await asyncio.to_thread(with_jupyter.__exit__, None, None, None)


@pytest.mark.parametrize("number", fast_only([signal.SIGTERM, signal.SIGINT], signal.SIGTERM))
def test_a_signal_ends_it_cleanly_also_with_an_open_stream(
    tmp_path: Path, plain: Served, number: signal.Signals
) -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    with (
        standalone(tmp_path, plain) as served,
        httpx.Client(headers=served.headers | accept, timeout=SECONDS) as http,
    ):
        session = http.post(served.mcp_url, json=hello).headers["mcp-session-id"]
        headers = {"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
        with http.stream("GET", served.mcp_url, headers=headers) as stream:
            assert stream.status_code == 200
            served.process.send_signal(number)
            assert served.process.wait(SECONDS) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path, plain: Served) -> None:
    with standalone(tmp_path, plain) as served:
        with socket.create_connection(("127.0.0.1", int(served.url.split(":")[2][:-1]))) as client:
            # A request that never ends holds the first one up.
            client.sendall(
                b"POST /mcp/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
                b"Content-Type: application/json\r\n"
                + f"Authorization: token {TOKEN}\r\n\r\n".encode()
            )
            assert httpx.get(f"{served.url}api/healthz", timeout=SECONDS).status_code == 200
            served.process.send_signal(signal.SIGTERM)
            ended = None
            while ended is None:
                # The handler of the first is in place some time after the signal is sent.
                served.process.send_signal(signal.SIGTERM)
                try:
                    ended = served.process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
        assert ended == -signal.SIGTERM


def test_no_argument_holds_a_token(tmp_path: Path, plain: Served) -> None:
    with standalone(tmp_path, plain) as served:
        shown = Path(f"/proc/{served.process.pid}/cmdline")
        if not shown.exists():
            pytest.skip("no /proc")
        assert not {plain.token, TOKEN} & set(shown.read_text().split("\0"))


# -- what cannot be served is one line -------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "options", "said"),
    [
        ({"JMCP_DOCUMENT_URL": "http://127.0.0.1:1/"}, (), "--kernel-url or --jupyter-url"),
        ({"JMCP_KERNEL_URL": "http://127.0.0.1:1/"}, (), "--document-url or --jupyter-url"),
        ({"JMCP_JUPYTER_URL": "ftp://127.0.0.1/"}, (), "is not the URL of a server"),
        ({"JMCP_JUPYTER_URL": "http://127.0.0.1:99999/"}, (), "is not the URL of a server"),
        ({"JMCP_JUPYTER_URL": "http://me:secret@host/"}, (), "is not the URL of a server"),
        ({}, ("--jupyter-url", "http://127.0.0.1:1/"), "connection refused"),
    ],
)
def test_a_wrong_server_is_one_clear_line(
    tmp_path: Path, variables: dict[str, str], options: tuple[str, ...], said: str
) -> None:
    if options:  # a server is asked, which needs a loop of its own
        ended = run(tmp_path, variables, "--port", "0", *options)
    else:
        ended = jmcp(tmp_path, "serve", "--port", "0", variables=variables)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("jmcp: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr
    assert "secret" not in ended.stderr


def test_a_variable_is_checked_as_an_option_is(tmp_path: Path) -> None:
    ended = jmcp(tmp_path, "serve", variables={"JMCP_TRANSPORT": "sse"})
    assert ended.returncode == 1
    assert (
        ended.stderr == "jmcp: variable JMCP_TRANSPORT: 'sse' is none of: streamable-http, stdio\n"
    )


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{free_port()}/"
        ended = run(tmp_path, {"JMCP_JUPYTER_URL": url}, "--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr == f"jmcp: port {port} is taken; choose another one with --port\n"


def test_what_remote_adds_is_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        remote_servers, "REMOTE_PACKAGES", ("jupyter_nbmodel_client", "no_such_package")
    )
    server = JupyterAddress(url="http://127.0.0.1:1/", token="secret")
    options = StandaloneOptions(
        documents=server,
        kernels=server,
        stdio=None,
        host="127.0.0.1",
        port=0,
        token="secret",
        toolsets=("core",),
        if_unavailable="exit",
        verbose=False,
    )
    assert "secret" not in repr(options)
    with pytest.raises(ServeError, match=r"no_such_package.*pip install .*\[remote\]'"):
        standalone_module.serve(options)


def test_the_configuration_of_a_client_that_starts_it(tmp_path: Path) -> None:
    """Tokens are variables there: an argument can be read by everyone on the machine."""
    variables = {"JMCP_JUPYTER_TOKEN": "secret", "JMCP_TRANSPORT": "stdio"}
    url = "http://localhost:8888/user/ada/"
    printed = ("serve", "--print-config")
    ended = jmcp(tmp_path, *printed, "--jupyter-url", f"{url}lab", variables=variables)
    assert (ended.returncode, ended.stderr) == (0, "")
    server = json.loads(ended.stdout)["mcpServers"]["jmcp"]
    assert server["env"] == {"JMCP_JUPYTER_TOKEN": "secret"}
    shown = ["--toolset", "all"]  # of the tests' environment
    expected = ["serve", "--transport", "stdio", "--jupyter-url", url, *shown]
    assert server["args"][-len(expected) :] == expected
    assert Path(server["command"]).is_file()

    ended = jmcp(tmp_path, *printed, variables={"JMCP_TRANSPORT": "stdio"})
    server = json.loads(ended.stdout)["mcpServers"]["jmcp"]
    expected = ["--root-dir", str(tmp_path.resolve()), *shown]
    assert (server["env"], server["args"][-len(expected) :]) == ({}, expected)


def test_the_configuration_of_a_client_of_a_running_server(tmp_path: Path) -> None:
    variables = {"JMCP_TOKEN": "ours", "JMCP_JUPYTER_URL": "localhost"}
    ended = jmcp(tmp_path, "serve", "--print-config", variables=variables)
    server = json.loads(ended.stdout)["mcpServers"]["jmcp"]
    assert (server["type"], server["url"]) == ("http", "http://127.0.0.1:8888/mcp")
    assert server["headers"] == {"Authorization": "Bearer ours"}


@pytest.mark.parametrize("base", ["", "/user/ada"])
@pytest.mark.parametrize("suffix", ["", "/", "/lab", "/lab/tree/a/b.ipynb", "/tree", "/tree/"])
def test_any_url_of_a_server_will_do(base: str, suffix: str) -> None:
    """The one that Jupyter prints, or that the browser shows; its token may stand there."""
    server = f"http://localhost:8888{base}"
    meant = JupyterAddress(url=f"{server}/", token=None)
    assert jupyter_address("document", f"{server}{suffix}", "") == meant
    with_token = jupyter_address("document", f"{server}{suffix}?token=from-the-url", "")
    assert with_token == replace(meant, token="from-the-url")
    assert jupyter_address("document", f"{server}{suffix}?token=x", "given").token == "given"
    assert jupyter_address("document", f"localhost:8888{base}{suffix}", "") == meant
