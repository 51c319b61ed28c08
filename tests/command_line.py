"""`jmcp` in this process, for commands that end by themselves: a process of its own takes a second of
CPU to start, and one test of each kind has one."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

from jmcp.cli.main import main
from tests.served import environment


def jmcp(
    home: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """What the command line comes to in that folder, in an environment that knows only that home."""
    before, given = dict(os.environ), sys.argv
    handlers = list(logging.root.handlers)
    out, err = StringIO(), StringIO()
    os.environ.clear()
    os.environ.update(environment(home) | dict(variables or {}))
    sys.argv = ["jmcp", *arguments]
    try:
        with chdir(home), redirect_stdout(out), redirect_stderr(err):
            try:
                status = main()
            except SystemExit as ended:  # of argparse
                status = int(ended.code or 0)
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.argv = given
    assert logging.root.handlers == handlers, "it has to end before it logs"
    return CompletedProcess(["jmcp", *arguments], status, out.getvalue(), err.getvalue())
