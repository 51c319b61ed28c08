"""A registry of runs over kernels that a test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from jmcp.core.runs.registry import RunRegistry
from jmcp_api import phrases
from tests.fakes.scripted_kernels import ScriptedKernels


@pytest.fixture
def kernels() -> ScriptedKernels:
    return ScriptedKernels()


@pytest.fixture
async def registry(kernels: ScriptedKernels) -> AsyncIterator[RunRegistry]:
    registry = RunRegistry(kernels, phrases=phrases, kept_runs=4, grace_seconds=0.05)  # type: ignore[arg-type] # a part of it
    yield registry
    await registry.close()
