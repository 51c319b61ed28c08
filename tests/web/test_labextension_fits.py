"""JupyterLab takes the labextension for one that fits, the oldest one as well as the newest."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.oldest
SECONDS = 60
COLOURS = re.compile(r"\x1b\[\d*m")


def test_jupyterlab_finds_it_compatible() -> None:
    """Ranges of requirements that end too soon are an X there, and users are told to look for an update."""
    command = [sys.executable, "-m", "jupyterlab.labextensions", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    text = COLOURS.sub("", listed.stdout + listed.stderr)
    assert re.search(r"jmcp-labextension v\S+ enabled OK", text), text
