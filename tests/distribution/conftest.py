"""What `make dist` builds, built once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from distribution.bundle import write_bundle
from distribution.packages import build_packages


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    wheel: Path
    sdist: Path
    bundle: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    wheel, sdist = build_packages(folder)
    return Built(wheel=wheel, sdist=sdist, bundle=write_bundle(wheel, folder))
