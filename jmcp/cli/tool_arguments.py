"""The arguments of a tool on a command line, by the schema of its params."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

Schema = Mapping[str, Any]
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
TEXT = "TEXT, @FILE or - for stdin"


class ToolParser(argparse.ArgumentParser):
    """The parser of one tool. An argument that it does not know is an error with the nearest one."""

    def __init__(self, entry: Schema, options: argparse.ArgumentParser, epilog: str) -> None:
        super().__init__(
            prog=f"jmcp call {entry['name']}",
            description=entry["description"],
            epilog=epilog,
            parents=[options],
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # an abbreviation would become another argument one day
            add_help=False,
        )
        self.properties: Mapping[str, Schema] = entry["inputSchema"]["properties"]
        self.required: Sequence[str] = entry["inputSchema"].get("required", ())
        group = self.add_argument_group("arguments")
        for name, schema in self.properties.items():
            _add(group, name, schema, name in self.required)
        usage = " ".join(f"[{name.upper()}]" for name in self.required)
        self.usage = f"{self.prog} {usage} [--ARGUMENT VALUE ...]".replace("  ", " ")
        self.add_argument("given", nargs="*", help=argparse.SUPPRESS)

    def parsed(self, given: Sequence[str]) -> tuple[argparse.Namespace, dict[str, Any]]:
        """The options, and the arguments of the tool."""
        found, unknown = self.parse_known_intermixed_args(list(map(self._spelt, given)))
        for word in unknown:
            self.error(self._unknown(word))
        values = vars(found)
        arguments = {name: values.pop(name) for name in self.properties if name in values}
        missing = [name for name in self.required if name not in arguments]
        positional = values.pop("given")
        if len(positional) > len(missing):
            self.error(f"unexpected: {positional[len(missing)]}")
        for name, text in zip(missing, positional, strict=False):
            try:
                arguments[name] = _reader(self.properties[name])(text)
            except (argparse.ArgumentTypeError, ValueError) as error:
                self.error(f"argument --{name}: {error}")
        if left := [f"--{name}" for name in self.required if name not in arguments]:
            self.error(f"required: {', '.join(left)}")
        return found, arguments

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help lists its arguments.\n")

    def _spelt(self, word: str) -> str:
        """An option of the tool as the spec spells it: `--cell-index` is `--cell_index`."""
        option, equals, value = word.partition("=")
        name = option.removeprefix("--").removeprefix("no-").replace("-", "_")
        if not option.startswith("--") or name not in self.properties:
            return word
        prefix = "--no-" if option.startswith("--no-") else "--"
        return f"{prefix}{name}{equals}{value}"

    def _unknown(self, word: str) -> str:
        option = word.partition("=")[0]
        known = [one for action in self._actions for one in action.option_strings]
        near = difflib.get_close_matches(option.replace("-", "_"), known, n=1, cutoff=0.5)
        return f"unknown: {option}" + (f"; did you mean {near[0]}?" if near else "")


def _add(group: Any, name: str, schema: Schema, required: bool) -> None:
    kinds, words = kinds_of(schema), words_of(schema)
    told = [str(schema["description"])] if "description" in schema else []
    if required:
        told.append("Required.")
    elif "default" in schema:
        told.append(f"Default: {json.dumps(schema['default'])}.")
    options: dict[str, Any] = {
        "dest": name,
        "default": argparse.SUPPRESS,
        "help": " ".join(told).replace("%", "%%") or None,
        "type": _reader(schema),
    }
    if "boolean" in kinds:
        group.add_argument(f"--{name}", nargs="?", const=True, metavar="true|false", **options)
        options |= {"type": None, "help": argparse.SUPPRESS}
        del options["type"]
        group.add_argument(f"--no-{name}", action="store_const", const=False, **options)
    elif "array" in kinds and schema["items"].get("type") != "object":
        kind = str(schema["items"].get("type", "value")).upper()
        group.add_argument(f"--{name}", nargs="+", action="extend", metavar=kind, **options)
    elif words:
        group.add_argument(f"--{name}", metavar="|".join(words), **options)
    else:
        group.add_argument(f"--{name}", metavar=_shown(schema), **options)


def _shown(schema: Schema) -> str:
    if is_long(schema):
        return "JSON|@FILE|-" if "array" in kinds_of(schema) else "TEXT|@FILE|-"
    return kinds_of(schema)[0].upper()


def kinds_of(schema: Schema) -> list[str]:
    kinds = schema.get("type", "string")
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]


def words_of(schema: Schema) -> list[str]:
    return [word for word in schema.get("enum", ()) if word is not None]


def is_long(schema: Schema) -> bool:
    """Whether a value may be a text of any length, as sources are: these may come from files."""
    return (
        not words_of(schema)
        and "maxLength" not in schema
        and ("string" in kinds_of(schema) or schema.get("items", {}).get("type") == "object")
    )


def _reader(schema: Schema) -> Callable[[str], Any]:
    """Makes a value of that schema of a word. Raises ArgumentTypeError, ValueError."""
    kinds, words = kinds_of(schema), words_of(schema)
    if words:
        return lambda text: _word(text, words)
    if "array" in kinds and schema["items"].get("type") != "object":
        return _reader(schema["items"])
    if "array" in kinds or "object" in kinds:
        return lambda text: _json(_content(text))
    if "boolean" in kinds:
        return _boolean
    if "integer" in kinds:
        return _integer
    if "number" in kinds:
        return _number
    return _content if is_long(schema) else str


def _word(text: str, words: Sequence[str]) -> str:
    if text in words:
        return text
    near = difflib.get_close_matches(text, words, n=1, cutoff=0.5)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(words)}{meant}")


def _boolean(text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise argparse.ArgumentTypeError(f"{text!r} is not true or false")
    return BOOLEANS[text.lower()]


def _integer(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"it is not JSON: {error}") from None


def _content(text: str) -> str:
    """What `@file` or `-` names, or the text itself; `@@` begins a text that begins with @."""
    if text == "-":
        return sys.stdin.read()
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).expanduser().read_text("utf-8")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text[1:]}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{text[1:]}: it is not a text in UTF-8") from None
