"""`jmcp completion SHELL`: what completes jmcp's command line, by the parsers and by the spec.

The script of a shell asks `jmcp completion words` at each key, so that it is never older than what is
installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from jmcp.cli import call
from jmcp.cli.tool_arguments import ToolParser, kinds_of, words_of
from jmcp.client.choice import Wanted, chosen
from jmcp.core.errors import ServeError
from jmcp.state.running_servers import running_servers
from jmcp_api.client_tools import CLIENT_TOOLS

HELP = "print what completes jmcp in a shell"
BASH = """\
_jmcp() {
    local one
    COMPREPLY=()
    # Bash takes a word apart at =, and says which part of it is replaced.
    while IFS= read -r one; do COMPREPLY+=("$one"); done < <(
        "$1" completion words bash "${COMP_LINE:0:COMP_POINT}" "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null
    )
}
# At @ bash would complete the name of a host, where jmcp has a file: as npm's completion does.
COMP_WORDBREAKS="${COMP_WORDBREAKS//@/}"
complete -o default -F _jmcp jmcp
"""
ZSH = """\
#compdef jmcp
_jmcp() {
    local -a found
    found=("${(@f)$(jmcp completion words zsh "${words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[*]}" ]]; then _describe jmcp found; else _files; fi
}
compdef _jmcp jmcp
"""
FISH = """\
complete -c jmcp -a '(jmcp completion words fish (commandline -cp) 2>/dev/null)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
SOURCED = """\
bash:  echo 'source <(jmcp completion bash)' >> ~/.bashrc
zsh:   echo 'source <(jmcp completion zsh)' >> ~/.zshrc   (behind compinit)
fish:  jmcp completion fish > ~/.config/fish/completions/jmcp.fish
"""
BREAKS = "=:"
Candidate = tuple[str, str]
"""A word, and what it is."""


def run(given: Sequence[str]) -> int:
    """Returns the exit status."""
    if given[:1] == ["words"]:
        shell, line, *rest = [*given[1:], ""]
        print_words(shell, line, rest[0])
        return 0
    parser = argparse.ArgumentParser(
        prog="jmcp completion",
        description=HELP,
        epilog=SOURCED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SCRIPTS)
    sys.stdout.write(SCRIPTS[parser.parse_args(given).shell])
    return 0


def print_words(shell: str, line: str, word: str) -> None:
    """What may stand at the end of the line; `word` is the part of it that bash replaces."""
    words = split(line)[1:]
    whole = words[-1] if words else ""
    kept = whole.removesuffix("" if word in BREAKS else word) if shell == "bash" else ""
    for candidate, told in candidates(words):
        if not candidate.startswith(whole):
            continue
        if shell == "bash":
            print(candidate.removeprefix(kept))
        elif shell == "zsh":
            print(f"{candidate.replace(':', chr(92) + ':')}:{told}")
        else:
            print(f"{candidate}\t{told}")


def split(line: str) -> list[str]:
    """The words of a line that is not ended: quotes may be open, and the last word may be empty."""
    words, quote, begun = [""], "", True
    for character in line:
        if quote:
            if character == quote:
                quote = ""
            else:
                words[-1] += character
        elif character in "'\"":
            quote, begun = character, True
        elif character.isspace():
            if begun or words[-1]:
                words.append("")
            begun = False
        else:
            words[-1] += character
            begun = True
    return words


def candidates(words: Sequence[str]) -> Iterator[Candidate]:
    """What may stand in place of the last word."""
    if len(words) < 2:
        yield from commands()
    elif words[0] == "call":
        yield from of_call(words[1:])
    elif words[0] == "completion":
        yield from ((shell, "") for shell in SCRIPTS)
    else:
        yield from of_command(words)


def commands() -> Iterator[Candidate]:
    for name, (_, told) in _subcommands(_top()).items():
        yield name, told


def of_command(words: Sequence[str]) -> Iterator[Candidate]:
    """The subcommands, options and words of a command, by its parser."""
    parser = _top()
    for word in words[:-1]:
        inner = _subcommands(parser)
        if word in inner:
            parser = inner[word][0]
    last, before = words[-1], words[-2]
    for action in parser._actions:
        if before in action.option_strings and action.choices is not None:
            yield from ((str(one), "") for one in action.choices)
            return
    if last.startswith("-"):
        yield from _options(parser)
        return
    yield from ((name, told) for name, (_, told) in _subcommands(parser).items())
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.option_strings:
            continue
        if action.choices is not None:
            yield from ((str(one), "") for one in action.choices)


def of_call(words: Sequence[str]) -> Iterator[Candidate]:
    """The tools, or the arguments of the one that is named, or values of these."""
    *before, last = words
    at, options = call.tool_place(before), call.option_parser()
    entry = call.entries().get(before[at].replace("-", "_")) if at is not None else None
    if entry is None:
        if last.startswith("-"):
            yield from _options(options)
        elif not (before and before[-1] in call.VALUED):
            yield from ((name, call.entries()[name]["title"]) for name in CLIENT_TOOLS)
        return
    parser = ToolParser(entry, options, "")
    option, equals, _ = last.partition("=")
    if not last.startswith("--"):
        option, equals = (before[-1] if before[-1].startswith("--") else ""), ""
    name = option.removeprefix("--").replace("-", "_")
    if last.startswith("--") and not equals:
        yield from _spelt(last, _options(parser))
    elif name in parser.properties:
        yield from ((f"{option}=" * bool(equals) + one, "") for one in values(parser, name, last))
    elif not option and parser.required:
        yield from ((one, "") for one in values(parser, parser.required[0], last))


def values(parser: ToolParser, name: str, word: str) -> Iterator[str]:
    """What an argument may be, as far as that can be known."""
    schema = parser.properties[name]
    yield from words_of(schema)
    if "boolean" in kinds_of(schema):
        yield from ("true", "false")
    elif name == "notebook_path":
        yield from notebooks(word)
    elif word.startswith("@"):
        yield from (f"@{path}" for path in files(Path(), word[1:], ""))


def notebooks(word: str) -> Iterator[str]:
    """Paths in the folder of the server that a call would go to."""
    try:
        server = chosen(running_servers().servers, Wanted(here=Path.cwd()))
    except (ServeError, OSError):
        return
    if server is not None and server.root_dir is not None:
        yield from files(Path(server.root_dir), word, ".ipynb")


def files(root: Path, word: str, suffix: str) -> Iterator[str]:
    """Files of that kind and folders, of which the path below the root begins with the word."""
    folder, _, begun = word.rpartition("/")
    try:
        found = sorted((root / folder).iterdir())
    except OSError:
        return
    for path in found:
        if path.name.startswith(".") or not path.name.startswith(begun):
            continue
        shown = f"{folder}/{path.name}" if folder else path.name
        if path.is_dir():
            yield f"{shown}/"
        elif path.name.endswith(suffix):
            yield shown


def _spelt(word: str, options: Iterator[Candidate]) -> Iterator[Candidate]:
    """As somebody has begun to spell them: `--cell-i` goes on as --cell-index."""
    dashes = "-" in word.removeprefix("--no-").removeprefix("--")
    for option, told in options:
        yield (f"--{option[2:].replace('_', '-')}" if dashes else option), told


def _options(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    for action in parser._actions:
        told = action.help or ""
        for option in action.option_strings:
            if option.startswith("--"):
                yield option, "" if told is argparse.SUPPRESS else told.replace("%%", "%")


def _subcommands(
    parser: argparse.ArgumentParser,
) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """The parsers of commands, and what these are."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {one.dest: one.help or "" for one in action._choices_actions}
            return {name: (inner, told.get(name, "")) for name, inner in action.choices.items()}
    return {}


def _top() -> argparse.ArgumentParser:
    # Imported here: only the names and options of the other commands need their parsers.
    from jmcp.cli import commands as every

    return every.parser()
