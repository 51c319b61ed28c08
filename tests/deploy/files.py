"""Where the files of the deployments are, and how they are read."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy"


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def load(path: Path) -> ModuleType:
    """A script or a module that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def program(name: str, package: str | None = None) -> str:
    """Where that program is; the test is left out where it is not."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"left out: {name} not found ({package or 'make .venv/.deploy'} brings it)")
    return found
