"""Starting without the grammars of IRIs, which take longer than anything else that Jupyter imports."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

PACKAGE = "rfc3987_syntax"
GRAMMARS = "rfc3987_syntax.syntax_helpers"


def built_at_first_use() -> None:
    """Have the grammars built when a value is checked with one, not when jsonschema is imported.

    Each Jupyter Server imports jsonschema, which takes one function of rfc3987_syntax; importing
    that builds 38 parsers, for 1.1 s of CPU, and a server checks no IRI. To be called before
    Jupyter is imported; afterwards, and where there is no such package, it does nothing.
    """
    spec = None if PACKAGE in sys.modules else find_spec(PACKAGE)
    if spec is None:
        return
    package = module_from_spec(spec)

    def genuine(name: str) -> Any:
        """Any other attribute of the package. All of them are the grammars'."""
        if name.startswith("__"):
            raise AttributeError(name, name=name, obj=package)
        return getattr(importlib.import_module(GRAMMARS), name)

    def is_valid_syntax(term: str, value: str) -> bool:
        return bool(genuine("is_valid_syntax")(term, value))

    package.__dict__.update(is_valid_syntax=is_valid_syntax, __getattr__=genuine)
    sys.modules[PACKAGE] = package
