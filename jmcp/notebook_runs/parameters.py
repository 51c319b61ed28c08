"""Parameters of a notebook: values from a command line, and the code that sets them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jmcp.core.errors import ServeError

FIRST_LINE = "# Parameters"
"""As papermill has it. It tells such a cell where it could not be tagged."""
NAME = re.compile(r"[^\W\d]\w*")
INTEGER = re.compile(r"[-+]?\d[\d_]*")
WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "None", "~", ""), None),
}


def given(text: str) -> tuple[str, Any]:
    """The name and the value of `name=value`. Raises ValueError."""
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"{text!r} is not NAME=VALUE")
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a variable")
    return name, typed(value)


def typed(text: str) -> Any:
    """A scalar as YAML has it, or a list or an object of JSON; else the text itself.

    Quotes make a number a text: '"007"'.
    """
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        # Python's own names of numbers are none that a person means by a word: nan, infinity.
        return float(text) if any(letter.isdigit() for letter in text) else text
    except ValueError:
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """How a language writes values and sets variables. `assign` has {name} and {value}; without
    `mapping` it cannot write an object."""

    true: str
    false: str
    none: str
    array: str
    separator: str = ", "
    pair: str = ""
    mapping: str | None = None
    assign: str = "{name} = {value}"
    text: Callable[[str], str] = json.dumps
    not_finite: Mapping[str, str]

    def value(self, value: Any) -> str:
        """The value as code. Raises ServeError for what the language cannot say."""
        if value is None or isinstance(value, bool):
            return {None: self.none, True: self.true, False: self.false}[value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, float) and not math.isfinite(value):
            return self.not_finite[str(value)]
        if isinstance(value, int | float):
            return repr(value)
        if isinstance(value, list):
            return self.array.format(self.separator.join(map(self.value, value)))
        if self.mapping is None:
            raise ServeError(f"an object cannot be set in this language: {json.dumps(value)}")
        pairs = (self.pair.format(self.text(name), self.value(one)) for name, one in value.items())
        return self.mapping.format(", ".join(pairs))


def _shell_text(text: str) -> str:
    quoted = text.replace("'", "'\\''")
    return f"'{quoted}'"


def _julia_text(text: str) -> str:
    return json.dumps(text).replace("$", "\\$")


SYNTAXES: Mapping[str, Syntax] = {
    "python": Syntax(
        true="True",
        false="False",
        none="None",
        array="[{}]",
        pair="{}: {}",
        mapping="{{{}}}",
        text=repr,
        not_finite={"nan": 'float("nan")', "inf": 'float("inf")', "-inf": 'float("-inf")'},
    ),
    "r": Syntax(
        true="TRUE",
        false="FALSE",
        none="NULL",
        array="list({})",
        pair="{} = {}",
        mapping="list({})",
        not_finite={"nan": "NaN", "inf": "Inf", "-inf": "-Inf"},
    ),
    "julia": Syntax(
        true="true",
        false="false",
        none="nothing",
        array="[{}]",
        pair="{} => {}",
        mapping="Dict({})",
        text=_julia_text,
        not_finite={"nan": "NaN", "inf": "Inf", "-inf": "-Inf"},
    ),
    "bash": Syntax(
        true="true",
        false="false",
        none="''",
        array="({})",
        separator=" ",
        assign="{name}={value}",
        text=_shell_text,
        not_finite={"nan": "nan", "inf": "inf", "-inf": "-inf"},
    ),
}


def source_of(parameters: Mapping[str, Any], language: str) -> str:
    """The code of a cell that sets them. Raises ServeError for a language that is not known."""
    syntax = SYNTAXES.get(language.lower())
    if syntax is None:
        known = ", ".join(SYNTAXES)
        raise ServeError(
            f"parameters cannot be set in {language}; known are {known}. Set them in the notebook, "
            "or leave --parameter out"
        )
    lines = [
        syntax.assign.format(name=name, value=syntax.value(value))
        for name, value in parameters.items()
    ]
    return "\n".join([FIRST_LINE, *lines])
