"""`jmcp call` as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from jmcp.cli.call import ERASE_LINE, ProgressLine
from jmcp.client.answer import Progress
from jmcp_api.client import JmcpClient
from tests.served import Served, environment

SECONDS = 60


def call(served: Served, *given: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "jmcp", "call", *given],
        env=environment(served.root.parent / "home"),
        cwd=served.root,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_calls_of_one_shell_go_on_in_one_session(served: Served) -> None:
    name = "call.ipynb"
    try:
        opened = call(served, "use_notebook", name, "--mode", "create", "--json")
        assert opened.returncode == 0, opened.stderr
        added = call(
            served, "insert_cell", "--cell-index=0", "--cell_type", "code", "--cell_source", "-",
            stdin="21 * 2",
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        ran = call(served, "execute_cell", "--cell_index", "0", "--json")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["outputs"][0]["text"] == "42"
        failed = call(served, "execute_code", "1 / 0")
        assert failed.returncode == 1
        assert "ZeroDivisionError" in failed.stdout
        refused = call(served, "read_cell", "--cell_index", "9")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "(error: cell_not_found)" in refused.stderr
        # The session is ended elsewhere: this shell has not named it, and is told what there is.
        session = json.loads(opened.stdout)["session_id"]
        with JmcpClient(served.url, served.token, session_id=session) as client:
            client.unuse_notebook(kernel="stop")
        assert "session_required" in call(served, "execute_code", "1").stderr
    finally:
        (served.root / name).unlink(missing_ok=True)


def test_a_misspelt_word_is_told_with_the_nearest_one(served: Served) -> None:
    for given, near in [
        (["execute_cel"], "execute_cell"),
        (["execute_cell", "--cell_indx", "0"], "--cell_index"),
        (["insert_cell", "--cell_type", "marksdown", "--cell_source", "x"], "markdown"),
    ]:
        done = call(served, *given)
        assert (done.returncode, done.stdout) == (2, "")
        assert near in done.stderr


@pytest.mark.parametrize(
    ("message", "shown"), [(None, ""), ("", ""), ("running: a\nb", "running: a")]
)
def test_the_progress_line_is_one_line_whatever_is_told(
    message: str | None, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ProgressLine()(Progress(done=0, total=None, message=message, outputs=()))
    assert capsys.readouterr().err == f"{ERASE_LINE}{shown}"
