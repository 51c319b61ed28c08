"""Starting without the grammars of IRIs: nothing is built, and what is valid stays the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.served import environment

PROGRAM = """
import sys
from jmcp.cli.main import main
from jmcp.hosting import iri_syntax

assert main(["serve", "--print-config"]) == 0
from jsonschema import Draft202012Validator

assert "lark" not in sys.modules, "importing jsonschema built the grammars"
assert not hasattr(sys.modules["rfc3987_syntax"], "__no_such_thing__")

def valid(kind, value):
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator({"format": kind}, format_checker=checker).is_valid(value)

for kind, value, expected in (
    ("iri", "http://ƒøø.example/?∂éœ=πîx#πîüx", True),
    ("iri", "\\\\\\\\WINDOWS\\\\filëßåré", False),
    ("iri-reference", "/âππ", True),
    ("iri-reference", "#ƒräg\\\\mênt", False),
):
    assert valid(kind, value) is expected, (kind, value)
assert "lark" in sys.modules

import rfc3987_syntax
from rfc3987_syntax import make_syntax_validator, syntax_helpers

assert make_syntax_validator is syntax_helpers.make_syntax_validator
assert rfc3987_syntax.parse is syntax_helpers.parse
iri_syntax.built_at_first_use()
assert sys.modules["rfc3987_syntax"] is rfc3987_syntax
"""


def test_a_server_starts_without_them_and_checks_with_them(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
