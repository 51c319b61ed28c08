"""Code generation: `render(load(folder))` makes a spec into the texts of a package."""

from jmcp_codegen.source.problems import SpecError

__all__ = ["SpecError"]
