"""The official conformance suite, against what carries jmcp's calls."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
import yaml

from jmcp import compose
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.hosting.listener import bound
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import drain, site
from tests.fakes.documents import FakeDocuments
from tests.fakes.kernels import FakeKernels
from tests.jupyter_process import StartJupyter
from tests.node_tools import NodeTools
from tests.surfaces.conformance.fixture import Fixture, compiled
from tests.surfaces.conftest import root_url
from tests.thorough import fast_only, thorough

BASELINE = Path(__file__).parent / "baseline.yaml"
SUITE_SECONDS = 120
ERAS = ("2025-11-25", "2026-07-28")


@pytest.fixture
def fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with compiled(tmp_path / "api") as made:
        monkeypatch.setattr(compose, "API", made.api)
        monkeypatch.setattr(compose, "HANDLERS", made.handlers)
        compose.served.cache_clear()  # another test of this process may have asked for jmcp's own
        yield made
    compose.served.cache_clear()


@asynccontextmanager
async def on_uvicorn(fixture: Fixture) -> AsyncIterator[str]:
    dispatcher = Dispatcher(
        api=fixture.api,
        handlers=fixture.handlers,
        documents=FakeDocuments(),
        kernels=FakeKernels(),
        strict=True,
    )
    made = site(dispatcher, version=compose.VERSION, host_origin=HostOriginPolicy(), own_root=True)
    config = uvicorn.Config(made, log_config=None, access_log=False, lifespan="on", ws="none")
    with bound("127.0.0.1", 0) as listener:
        listener.listen()
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server._serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await drain(made, 1)
            server.should_exit = True
            await serving


async def run_suite(tools: NodeTools, url: str, era: str, folder: Path) -> None:
    """Raises AssertionError with the suite's report for a failure that is not expected, and for an
    expected one that is none."""
    async with httpx.AsyncClient(timeout=60) as client:
        opened = await client.post(f"{url}/jmcp/v1/sessions", json={})
        assert opened.status_code == 201, opened.text
    results = folder / "results"
    process = await asyncio.create_subprocess_exec(
        *tools.command("conformance"),
        *("server", "--url", f"{url}/mcp", "--suite", "all", "--spec-version", era),
        *("--expected-failures", str(BASELINE), "--output-dir", str(results)),
        env=tools.environment(),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), SUITE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    report = output.decode()
    assert process.returncode == 0, report
    assert [one for one in expected_checks() if not _reached(one, results)] == []


def expected_checks() -> list[tuple[str, str]]:
    """The entries that are one check, each with its scenario."""
    entries = [entry.partition(":") for entry in yaml.safe_load(BASELINE.read_text())["server"]]
    return [(scenario, check) for scenario, _, check in entries if check]


def _reached(expected: tuple[str, str], results: Path) -> bool:
    """Whether there is such a check; also where the revision does not have the scenario."""
    scenario, check = expected
    found = [json.loads(path.read_text()) for path in results.glob(f"server-{scenario}-*/*.json")]
    return not found or any(one["id"] == check for checks in found for one in checks)


@pytest.mark.parametrize("era", fast_only(ERAS, "2026-07-28"))
async def test_uvicorn(node_tools: NodeTools, fixture: Fixture, era: str, tmp_path: Path) -> None:
    async with on_uvicorn(fixture) as url:
        await run_suite(node_tools, url, era, tmp_path)


@thorough
@pytest.mark.parametrize("era", ERAS)
async def test_jupyter_bridge(
    node_tools: NodeTools, fixture: Fixture, jupyter: StartJupyter, era: str, tmp_path: Path
) -> None:
    served = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        IdentityProvider={"token": ""},
        ServerApp={"disable_check_xsrf": True},
    )
    await run_suite(node_tools, root_url(served), era, tmp_path)


@thorough
def test_every_expected_failure_is_of_a_scenario(node_tools: NodeTools) -> None:
    """The suite takes a misspelt one for one that did not run."""
    listed = subprocess.run(
        [*node_tools.command("conformance"), "list"],
        env=node_tools.environment(),
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=True,
    )
    scenarios = {line.split()[1] for line in listed.stdout.splitlines() if line.startswith("  - ")}
    entries = yaml.safe_load(BASELINE.read_text())["server"]
    assert {entry.partition(":")[0] for entry in entries} <= scenarios
