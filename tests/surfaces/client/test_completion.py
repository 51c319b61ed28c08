"""What a shell completes, as somebody types it: bash in a terminal of its own."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jmcp.cli import call, completion
from jmcp_api.client_tools import CLIENT_TOOLS
from tests.served import environment

SECONDS = 30
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


class Bash:
    """Bash in a pseudo-terminal, whose `jmcp` is the one that is tested."""

    def __init__(self, home: Path, folder: Path) -> None:
        import pty  # not on Windows

        self._leader, follower = pty.openpty()
        bin_folder = home / "bin"
        bin_folder.mkdir(parents=True)
        script = bin_folder / "jmcp"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m jmcp "$@"\n')
        script.chmod(0o700)
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        self._process = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            env=environment(home) | {"PATH": path, "PS1": "ready> ", "TERM": "dumb"},
            cwd=folder,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        self.until("ready> ")
        self.typed("bind 'set bell-style none'; bind 'set completion-query-items 0'\n")
        self.until("ready> ")
        self.typed("bind 'set page-completions off'; source <(jmcp completion bash)\n")
        self.until("ready> ")

    def typed(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def until(self, text: str) -> str:
        """What it shows, up to that text."""
        shown, deadline = "", time.monotonic() + SECONDS
        while not shown.endswith(text):
            assert time.monotonic() < deadline, shown
            if select.select([self._leader], [], [], 0.1)[0]:
                shown += os.read(self._leader, 2**16).decode(errors="replace")
        return shown

    def completed(self, line: str, *, expected: str) -> None:
        """Type that and a tab, which makes it the expected line."""
        self.typed(f"{line}\t")
        self.until(expected)
        self.typed("\x15")  # Ctrl-U: an empty line again
        self.typed("echo again\n")
        self.until("again\r\nready> ")

    def close(self) -> None:
        os.close(self._leader)
        self._process.wait(SECONDS)


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    folder = tmp_path_factory.mktemp("shell")
    (folder / "cell.py").write_text("1")
    one = Bash(folder / "home", folder)
    yield one
    one.close()


def test_bash_completes_what_somebody_types(bash: Bash) -> None:
    bash.completed("jmcp comp", expected="jmcp completion ")
    bash.completed("jmcp call insert_execute", expected="jmcp call insert_execute_code_cell ")
    bash.completed("jmcp call move_cell --target-", expected="jmcp call move_cell --target-index ")
    # Words of an enum, behind a space and behind the = at which bash takes a word apart.
    bash.completed(
        "jmcp call insert_cell --cell_type ma",
        expected="jmcp call insert_cell --cell_type markdown ",
    )
    bash.completed(
        "jmcp call insert_cell --cell_type=ma",
        expected="jmcp call insert_cell --cell_type=markdown ",
    )
    bash.completed("jmcp call execute_code --code @ce", expected="--code @cell.py ")
    bash.completed("jmcp call execute_code --output-dir ce", expected="--output-dir cell.py ")
    bash.completed("jmcp install cur", expected="jmcp install cursor ")


def test_every_tool_and_each_of_its_arguments_is_a_candidate() -> None:
    assert {word for word, _ in completion.candidates(["call", ""])} == CLIENT_TOOLS.keys()
    entries = call.entries()
    for name, entry in entries.items():
        found = {word for word, _ in completion.candidates(["call", name, "--"])}
        assert {f"--{param}" for param in entry["inputSchema"]["properties"]} <= found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("jmcp call ", ["jmcp", "call", ""]),
        ("jmcp  call ex", ["jmcp", "call", "ex"]),
        ("jmcp call x --code 'a b", ["jmcp", "call", "x", "--code", "a b"]),
        ('jmcp call x --code "" ', ["jmcp", "call", "x", "--code", "", ""]),
    ],
)
def test_a_line_is_split_where_it_is_not_ended(line: str, words: list[str]) -> None:
    assert completion.split(line) == words


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_get_what_each_word_is(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    between = ":" if shell == "zsh" else "\t"
    assert completion.run(["words", shell, "jmcp call execute_ce"]) == 0
    assert f"execute_cell{between}Run cell\n" in capsys.readouterr().out
    assert completion.run([shell]) == 0
    assert f"completion words {shell}" in capsys.readouterr().out
