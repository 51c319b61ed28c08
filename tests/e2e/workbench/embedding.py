"""The example of a platform with jmcp in its page, on origins that are listed and on one that is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.e2e.lab import FLAGS, PATIENCE_MILLISECONDS, chromium
from tests.served import STOP_SECONDS, Served, environment, free_port, serve

HOST = Path(__file__).parents[3] / "examples/embed/host.py"
PARTITIONED = """\
#!/bin/bash
exec {chromium} "${{@//ThirdPartyStoragePartitioning,/}}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A server and pages around it. `same_site` differs from it by its port, `other_site` by its
    name; `unlisted` is a platform that the server does not know. `alone_port` is listed too."""

    served: Served
    same_site: str
    other_site: str
    unlisted: str
    alone_port: int


@contextmanager
def embedded(base: Path) -> Iterator[Embedded]:
    listed, unlisted, alone = free_port(), free_port(), free_port()
    origins = [f"http://{name}:{listed}" for name in ("127.0.0.1", "localhost")]
    origins.append(f"http://127.0.0.1:{alone}")
    with ExitStack() as stack:
        options = ["--frame-ancestors", ",".join(origins)]
        served = stack.enter_context(serve(base / "home", base / "root", *options))
        for port in (listed, unlisted):
            stack.enter_context(_host(base, served, port))
        yield Embedded(
            served=served,
            same_site=f"{origins[0]}/",
            other_site=f"{origins[1]}/",
            unlisted=f"http://127.0.0.1:{unlisted}/",
            alone_port=alone,
        )


@contextmanager
def _host(base: Path, served: Served, port: int) -> Iterator[None]:
    variables = {
        "JMCP_URL": served.url,
        "JMCP_TOKEN": served.token,
        "HOST_PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, str(HOST)],
        env=environment(base / "home") | variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Host page")
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


@asynccontextmanager
async def partitioning_browser(folder: Path) -> AsyncIterator[Browser]:
    """A browser that keeps storage of frames by the site around them, as people's do: Playwright
    switches that off, after which frames of other sites have no storage at all."""
    async with async_playwright() as playwright:
        program = folder / "chromium"
        found = chromium() or playwright.chromium.executable_path
        program.write_text(PARTITIONED.format(chromium=found))
        program.chmod(0o755)
        launched = await playwright.chromium.launch(
            executable_path=program, args=FLAGS, timeout=PATIENCE_MILLISECONDS
        )
        try:
            yield launched
        finally:
            await launched.close()
