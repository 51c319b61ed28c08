"""Imported before anything of Jupyter: each of pytest's processes starts a second of CPU sooner."""

from jmcp.hosting import iri_syntax

iri_syntax.built_at_first_use()
