"""The built pages are what `make web` makes of their sources."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from tests.node_tools import NodeTools

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
BUILT = ROOT / "jmcp/transport/pages/built"
BUILD_SECONDS = 120
PAGES = {
    "workbench": "vite.config.ts",
    "chat-output": "vite.chat-output.config.js",
    "platform": "vite.platform.config.js",
}
"""The folders of what is built, and how Vite is told to."""
CHAT_BYTES = 250_000
"""Of the page for chats, compressed: a client reads it whole before it shows anything."""


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def test_the_built_pages_are_those_of_their_sources(tmp_path: Path, node_tools: NodeTools) -> None:
    if not (WEB / "node_modules/.installed").is_file():
        pytest.skip("no packages of npm for the pages: `make web/node_modules/.installed`")
    for page, config in PAGES.items():
        out = tmp_path / page
        command = ["build", "--config", config, "--outDir", str(out), "--logLevel", "warn"]
        subprocess.run(
            [str(node_tools.node), "node_modules/vite/bin/vite.js", *command],
            cwd=WEB,
            env=node_tools.environment(),
            check=True,
            timeout=BUILD_SECONDS,
        )
        assert contents(out) == contents(BUILT / page), "run `make web` and commit what it builds"


def test_the_page_for_chats_is_one_file_that_is_not_large() -> None:
    page = (BUILT / "chat-output/index.html").read_bytes()
    assert len(gzip.compress(page)) <= CHAT_BYTES
    html = page.decode().partition("<script>")[0] + page.decode().rpartition("</script>")[2]
    assert re.findall(r"(?:src|href)=|@import|url\(", html) == []
