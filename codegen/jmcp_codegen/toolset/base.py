"""jmcp's own spec, on which toolsets of other packages build."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jmcp_codegen.source.load import Spec, load

HERE = Path(__file__).parents[1]


@cache
def base_spec() -> Spec:
    """The spec of the jmcp that is installed: a wheel carries it, a checkout has it beside."""
    carried = HERE / "spec"
    return load(carried if carried.is_dir() else HERE.parents[1] / "spec")
