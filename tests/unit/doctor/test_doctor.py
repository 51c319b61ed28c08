"""What `jmcp doctor` finds, each on a machine where that is so."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from jmcp.cli.doctor import checks
from jmcp.cli.main import main
from jmcp.doctor import client_configs, installation, kernels, state, traces
from jmcp.doctor.finding import Finding, findings
from jmcp.state.folder import state_folder
from jmcp.state.running_servers import RunningServer, published
from jmcp.state.token import user_token
from tests.otlp_collector import collector
from tests.thorough import thorough

DOCTOR_SECONDS = 5.0
"""On a machine with nothing else to do."""
FAKE = """\
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = {"protocolVersion": "2025-11-25", "tools": [{}, {}]}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [*os.environ]:
        if name.startswith(("JMCP", "JUPYTER", "XDG", "CODEX", "CLAUDE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def the_problem(found: Sequence[Finding]) -> str:
    """The one problem, with its remedy."""
    [one] = [one for one in found if one.state == "problem"]
    assert one.remedy
    return f"{one.fact} -> {one.remedy}"


def cursor(home: Path, entry: object) -> None:
    path = home / ".cursor" / "mcp.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"mcpServers": {"jmcp": entry}}))


async def test_a_check_that_fails_or_hangs_hides_no_other() -> None:
    async def fails() -> Sequence[Finding]:
        raise RuntimeError("oh")

    async def hangs() -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    async def works() -> Sequence[Finding]:
        return [Finding(about="c", fact="fine")]

    found = await findings({"a": fails, "b": hangs, "c": works}, seconds=0.05)
    assert [(one.about, one.state) for one in found] == [
        ("a", "warning"),
        ("b", "warning"),
        ("c", "ok"),
    ]
    assert "RuntimeError: oh" in found[0].fact
    assert "within 0.05 s" in found[1].fact


async def test_what_is_installed_is_what_is_asked_for() -> None:
    assert all(one.state == "ok" for one in await installation.packages())
    assert installation._lacking(Requirement("no-such-package>=1")) == "no-such-package"
    shown = installation._lacking(Requirement("packaging<1"))
    assert shown == f"packaging {version('packaging')} (needed: <1)"


async def test_a_mistake_in_the_configuration_is_told_once(home: Path) -> None:
    folder = home / ".config" / "jmcp"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("prot = 1")
    mine = {name: check for name, check in checks().items() if name not in ("kernels", "packages")}
    found = await findings(mine)
    assert "did you mean port?" in the_problem(found)


@pytest.mark.skipif(os.name == "nt", reason="modes")
async def test_a_token_that_others_can_read(home: Path) -> None:
    assert "none yet" in (await installation.token())[0].fact
    folder = home / ".config" / "jmcp"
    user_token(folder)
    assert (await installation.token())[0].state == "ok"
    (folder / "token").chmod(0o644)
    assert "chmod 600" in the_problem(await installation.token())


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        monkeypatch.setenv("JMCP_PORT", str(number))
        [found] = installation.port([])
        assert (found.state, "--port 0" in found.remedy) == ("warning", True)
        mine = RunningServer(
            url=f"http://127.0.0.1:{number}",
            token="",
            pid=1,
            version="1",
            machine="m",
            root_dir="/r",
        )
        assert installation.port([mine])[0].state == "ok"


async def test_a_state_file_that_is_damaged(home: Path) -> None:
    assert "none yet" in (await state.store())[0].fact
    folder = state_folder(str(home))
    folder.mkdir(parents=True)
    (folder / "state.db").write_bytes(b"nonsense" * 1000)
    assert "is damaged" in the_problem(await state.store())


async def test_traces_that_nobody_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await traces.traces() == []
    monkeypatch.setenv("JMCP_TRACES", "1")
    with collector() as made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        assert await traces.traces() == [Finding(about="traces", fact=f"sent to {made.url}")]
    [found] = await traces.traces()
    assert (found.state, found.fact.startswith(f"nobody answers at {made.url}")) == (
        "warning",
        True,
    )
    monkeypatch.setattr("jmcp.trace_export.NEEDED", ("no_such_module",))
    assert "not installed: " in the_problem(await traces.traces())


async def test_a_server_that_does_not_answer() -> None:
    server = RunningServer(
        url="http://127.0.0.1:9", token="", pid=123, version="1", machine="m", root_dir="/r"
    )
    with published(server):
        assert "end process 123" in the_problem(await state.servers())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"command": "/no/such/jmcp"}, "/no/such/jmcp is not there"),
        ({"command": sys.executable, "args": ["-c", "pass"]}, "it ends before it answers"),
        ({"command": sys.executable, "args": ["-c", "print('hi')"]}, "what is not MCP"),
        ({"url": "http://127.0.0.1:9/mcp"}, "nothing answers at"),
        ({"other": 1}, "neither a command nor a url"),
        ([], "not an object"),
    ],
)
async def test_an_entry_that_does_not_work(home: Path, entry: object, reason: str) -> None:
    cursor(home, entry)
    found = the_problem(await client_configs.clients())
    assert reason in found
    assert "-> jmcp install cursor" in found


async def test_an_entry_that_works(home: Path) -> None:
    cursor(home, {"command": sys.executable, "args": ["-c", FAKE]})
    [found] = await client_configs.clients()
    assert (found.state, found.fact) == ("ok", "jmcp is configured and works: 2 tools")


async def test_jmcp_connect_works_without_a_server_and_starts_none(home: Path) -> None:
    cursor(home, {"command": sys.executable, "args": ["-m", "jmcp", "connect"]})
    [found] = await client_configs.clients()
    assert (found.state, "would start one" in found.fact) == ("ok", True)
    assert not (home / ".config" / "jmcp" / "run").exists()


async def test_kernels_that_start_and_that_do_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, argv in (("gone", ["/no/such/program"]), ("ends", [sys.executable, "-c", "pass"])):
        folder = home / "data" / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name}))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "data"))
    broken = [await kernels._started(name) for name in ("gone", "ends")]
    assert [one.state for one in broken] == ["problem", "problem"]
    assert "jupyter kernelspec remove gone" in broken[0].remedy
    assert "it does not start" in broken[0].fact
    assert "it ends" in broken[1].fact
    assert kernels._looked_for("gone", {"argv": ["/no/such/program"]}).state == "problem"


async def test_lowered_output_limits(home: Path) -> None:
    [found] = await installation.output_limits()
    assert (found.state, "1,000,000 bytes" in found.fact) == ("ok", True)
    folder = home / ".jupyter"
    folder.mkdir()
    given = {"ZMQChannelsWebsocketConnection": {"iopub_data_rate_limit": 10}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(given))
    [found] = await installation.output_limits()
    assert (found.state, "limit_rate=False" in found.remedy) == ("warning", True)


def test_a_full_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "FULL_BYTES", 2**60)
    assert "saves will fail" in the_problem(installation.disk({"notebooks": home}))


@thorough
def test_a_person_does_not_wait_long(home: Path) -> None:
    taken = []
    for _ in range(3):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "jmcp", "doctor"], check=True, timeout=60)
        taken.append(time.monotonic() - begun)
    assert min(taken) < DOCTOR_SECONDS


def test_the_whole_in_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cursor(home, {"command": "/no/such/jmcp"})
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    found = {one["about"]: one for one in told["findings"]}
    assert found["kernel python3"]["state"] == "ok"
    assert found["Cursor"]["remedy"] == "jmcp install cursor"
    assert found["Python"] == {
        "about": "Python",
        "state": "ok",
        "fact": found["Python"]["fact"],
    }
