"""`jmcp run` and `jmcp watch` as a person and a CI job use them, on a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest

from tests.served import Served, environment
from tests.surfaces.terminal.pseudo_terminal import in_terminal

nbformat: Any = untyped_nbformat
JMCP = [sys.executable, "-P", "-m", "jmcp"]
SECONDS = 60
CTRL_C = b"\x03"
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}


def env_of(served: Served) -> dict[str, str]:
    """That of the user whose server it is."""
    return environment(served.root.parent / "home")


def write(served: Served, *sources: str, tagged: int | None = None) -> Path:
    made = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    made.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if tagged is not None:
        made.cells[tagged].metadata["tags"] = ["parameters"]
    path = served.root / f"run-{uuid.uuid4().hex[:8]}.ipynb"
    nbformat.write(made, path)
    return path


def jmcp(served: Served, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*JMCP, *arguments],
        cwd=served.root,
        env=env_of(served),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_copy_runs_with_its_parameters_until_a_cell_fails(served: Served) -> None:
    path = write(served, "x = 1", "print(x * 2)", "1 / 0", "print('never')", tagged=0)
    before = path.read_bytes()
    output = served.root / "executed" / path.name
    done = jmcp(served, "run", path.name, "-p", "x=21", "-o", str(output), "--json")
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout)
    assert [cell["status"] for cell in summary["cells"]] == ["ok", "ok", "ok", "error"]
    assert summary["cells"][-1]["error"]["ename"] == "ZeroDivisionError"
    assert path.read_bytes() == before
    executed = nbformat.read(output, 4)
    assert executed.cells[1].metadata["tags"] == ["injected-parameters"]
    assert executed.cells[2].outputs[0].text == "42\n"
    assert executed.cells[4].outputs == []
    # A log: plain lines, the traceback and the cell at the end.
    lines = done.stderr.splitlines()
    assert "\x1b" not in done.stderr
    assert lines[1].startswith("[1/5] ok")
    assert "ZeroDivisionError: division by zero" in lines
    assert lines[-1].startswith("Failed in cell 3 (1 / 0): ZeroDivisionError: division by zero.")


def test_ctrl_c_interrupts_the_cell_and_says_so(served: Served) -> None:
    path = write(served, "import time\nprint('begun', flush=True)\ntime.sleep(600)", "1")
    command = [*JMCP, "run", path.name]
    with in_terminal(command, env=env_of(served), cwd=served.root) as terminal:
        terminal.await_text("0/2", "begun")
        terminal.press(CTRL_C)
        assert terminal.ended() == 130
        terminal.await_text("Interrupted in cell 0")
        assert terminal.restored
    executed = nbformat.read(path, 4)
    assert [one.output_type for one in executed.cells[0].outputs] == ["stream", "error"]
    assert executed.cells[0].outputs[1].ename == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["missing.ipynb"], 3, "there is no notebook"),
        (["a.ipynb", "-p", "1=2"], 2, "not the name of a variable"),
        (["a.ipynb", "--cell-timeout", "-1"], 2, "not a number of seconds"),
        (["a.ipynb", "-o", "/tmp/elsewhere/a.ipynb"], 3, "--output below that folder"),
        (["a.ipynb", "--root-dir", "/", "--no-start"], 3, "no jmcp runs on /"),
        (["a.ipynb", "-k", "none"], 3, "is not installed"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_run_is_said_with_its_status(
    served: Served, arguments: list[str], status: int, said: str
) -> None:
    path = write(served, "1")
    done = jmcp(served, "run", *[path.name if one == "a.ipynb" else one for one in arguments])
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_person_watches_a_run_and_leaves_with_q(served: Served) -> None:
    path = write(served, "import time\ntime.sleep(600)  # watched")
    env = env_of(served)
    command = [*JMCP, "watch"]
    with (
        in_terminal([*JMCP, "run", path.name], env=env, cwd=served.root) as run,
        in_terminal(command, env=env, cwd=served.root) as watch,
    ):
        watch.await_text("Sessions", "execute_cell", "running", "q quits")
        # It is queued for as long as its kernel starts.
        mine, until = [("queued", "import time")], time.monotonic() + SECONDS
        while mine == [("queued", "import time")] and time.monotonic() < until:
            shown = json.loads(jmcp(served, "watch", "--once", "--json").stdout)
            runs = [one for one in shown["runs"] if one["notebook_path"] == path.name]
            mine = [(one["status"], one["line"]) for one in runs]
        assert mine == [("running", "import time")]
        assert all(one["session"].endswith("***") for one in shown["sessions"])
        watch.press(b"q")
        assert watch.ended() == 0
        # The screen of before, with its cursor, and keys as they were.
        assert watch.output.rstrip().endswith(b"\x1b[?1049l")
        assert watch.restored
        run.press(CTRL_C)
        assert run.ended() == 130


def test_where_no_server_runs_watch_says_so(served: Served, tmp_path: Path) -> None:
    done = subprocess.run(
        [*JMCP, "watch", "--once"],
        cwd=served.root,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "jmcp watch: no jmcp runs; start it with jmcp serve",
    )


def test_rich_is_for_these_two_alone() -> None:
    """A server and a client start without it."""
    code = (
        "import sys\nfrom jmcp.cli import commands, connect, main\n"
        "assert 'rich' not in sys.modules, 'rich is imported'"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=SECONDS)
