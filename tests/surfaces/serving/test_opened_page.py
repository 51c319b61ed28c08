"""What opens in a person's browser: by `jmcp serve` and `jmcp open`, logged in, with no token in a URL."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx2 as httpx
import pytest

from tests.served import READY_SECONDS, TOKEN, environment, free_port

BROWSER = """\
#!/bin/sh
printf '%s' "$1" > {seen}.new && mv {seen}.new {seen}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("opened")


@pytest.fixture(scope="module")
def seen(base: Path) -> Path:
    """Where the browser of these tests notes what it is to open."""
    browser = base / "browser"
    browser.write_text(BROWSER.format(seen=base / "seen"))
    browser.chmod(0o755)
    (base / "root").mkdir()
    return base / "seen"


def variables(base: Path, browser: str | None = None) -> dict[str, str]:
    own = {"BROWSER": browser or str(base / "browser"), "JMCP_TOKEN": TOKEN}
    return environment(base / "home") | own


def opened(seen: Path) -> str:
    """The URL that the browser came to, through a file of this user's alone."""
    deadline = time.monotonic() + READY_SECONDS
    while not seen.exists():
        assert time.monotonic() < deadline, "no browser opened"
        time.sleep(0.02)
    given = urlsplit(seen.read_text())
    seen.unlink()
    assert given.scheme == "file"  # others can read what a browser is started with
    file = Path(unquote(given.path))
    assert file.stat().st_mode & 0o777 == 0o600
    found = re.search(r'url=([^"]*)"', file.read_text())
    assert found is not None
    return html.unescape(found[1])


@pytest.fixture(scope="module")
def banner(base: Path, seen: Path) -> Iterator[str]:
    """What a server says at its start, while it runs."""
    command = [sys.executable, "-m", "jmcp", "serve", "--root-dir", str(base / "root")]
    process = subprocess.Popen(
        [*command, "--port", str(free_port())],
        env=variables(base),
        cwd=base,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Stop with"):
                break
        yield "".join(lines)
    finally:
        process.terminate()
        process.wait(READY_SECONDS)
        process.stdout.close()


def jmcp(
    base: Path, *arguments: str, browser: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jmcp", *arguments],
        env=variables(base, browser),
        cwd=base,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
    )


def enters(url: str) -> str:
    """The page that a browser without a cookie comes to with that URL."""
    assert TOKEN not in url
    with httpx.Client(follow_redirects=True, timeout=READY_SECONDS) as browser:
        page = browser.get(url)
        assert page.status_code == 200, page.text
        return page.url.path


def test_serve_opens_the_workbench_once_it_answers(banner: str, seen: Path) -> None:
    assert enters(opened(seen)) == "/jmcp/workbench"
    assert re.search(r"^Workbench   http://127.0.0.1:\d+/jmcp/workbench$", banner, re.M)
    assert re.search(r"^JupyterLab  http://127.0.0.1:\d+/lab$", banner, re.M)
    assert "token=" not in banner


def test_open_opens_what_is_asked_for(banner: str, base: Path, seen: Path) -> None:
    ended = jmcp(base, "open", "lab")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert enters(opened(seen)) == "/lab"
    printed = jmcp(base, "open", "--print")
    assert enters(printed.stdout.strip()) == "/jmcp/workbench"
    assert not seen.exists()


def test_where_no_browser_opens_the_url_is_said(banner: str, base: Path, seen: Path) -> None:
    ended = jmcp(base, "open", browser=os.fspath(base / "no-such-browser"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("jmcp open: no browser opened (")
    assert enters(ended.stdout.strip()) == "/jmcp/workbench"
