"""What a server of its own imports before it answers: nothing that only some calls need."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import jmcp.compose_remote
print(*sorted({"nbformat", "nbconvert", "jsonschema", "jupyter_server", "IPython"} & set(sys.modules)))
"""


def test_a_start_waits_for_no_library_of_jupyter() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, check=True, text=True
    )
    assert ended.stdout.split() == []
