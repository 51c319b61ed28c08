"""The site is built without a warning: no link leads nowhere, no page is left out of the navigation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from jmcp.options.table import OPTIONS
from jmcp_api.mcp import TOOLSETS
from tests.documentation.page import CHECKOUT

SECONDS = 240


def test_the_site_is_built(tmp_path: Path) -> None:
    options = ["--quiet", "--nitpicky", "--fail-on-warning"]
    command = [sys.executable, "-m", "sphinx", *options, str(CHECKOUT / "docs"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    for toolset, tools in TOOLSETS.items():
        page = (tmp_path / "reference" / f"tools-{toolset}.html").read_text()
        for tool in tools:
            assert f'id="{tool.replace("_", "-")}"' in page, tool
    shown = (tmp_path / "reference" / "options.html").read_text()
    assert all(option.variable in shown for option in OPTIONS)
    front = (tmp_path / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?:https?:)?//', front) == []  # nothing of another site


def test_each_toolset_has_its_page() -> None:
    pages = {page.name for page in (CHECKOUT / "docs" / "reference").glob("tools-*.md")}
    assert pages == {f"tools-{toolset}.md" for toolset in TOOLSETS}
