"""`python -m jmcp_codegen`: write the generated tree, or say what has drifted from it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from jmcp_codegen.render import PACKAGE, render
from jmcp_codegen.source.load import load
from jmcp_codegen.source.problems import SpecError
from jmcp_codegen.toolset.load import load_toolset
from jmcp_codegen.toolset.render import render_toolset


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 done, 1 refused or drifted."""
    options = _parser().parse_args(arguments)
    try:
        tree = _tree(options.spec, options.package)
    except SpecError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    drifted = drift(tree, options.out)
    if options.check:
        sys.stderr.writelines(f"{line}\n" for line in drifted)
        return 1 if drifted else 0
    if not _ours(tree, options.out):
        reason = "has files that codegen did not write and would delete; choose another --out"
        sys.stderr.write(f"{options.out}: {reason}\n")
        return 1
    write(tree, options.out)
    return 0


def _tree(spec: Path, package: str) -> dict[str, str]:
    """What that folder means, or that file, which is a toolset of another package."""
    if spec.is_file() or spec.suffix in {".yaml", ".yml"}:
        return render_toolset(load_toolset(spec))
    return render(load(spec), package)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jmcp generate", description=__doc__)
    parser.add_argument(
        "--spec",
        type=Path,
        default=Path("spec"),
        metavar="PATH",
        help="the folder of a whole API, or the file of a toolset (docs/custom-tools.md)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("generated"),
        metavar="DIR",
        help="where the package is made; for a toolset the package itself",
    )
    parser.add_argument("--package", default=PACKAGE, help="name of the package of a whole API")
    parser.add_argument("--check", action="store_true", help="change nothing; fail on any drift")
    return parser


def drift(tree: Mapping[str, str], out: Path) -> list[str]:
    """What in `out` is not what the spec says: one line a file, orphans included."""
    lines = []
    for path in sorted({*tree, *_present(out)}):
        if path not in tree:
            lines.append(f"{out / path}: nothing in the spec makes this file")
        elif not (out / path).is_file():
            lines.append(f"{out / path}: missing")
        elif (out / path).read_bytes() != tree[path].encode():
            lines.append(f"{out / path}: differs from the spec")
    return lines


def write(tree: Mapping[str, str], out: Path) -> None:
    """Make `out` exactly that tree. Unchanged files keep their time stamps."""
    for path in _present(out) - tree.keys():
        (out / path).unlink()
    for path, text in tree.items():
        target = out / path
        if not target.is_file() or target.read_bytes() != text.encode():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())


def _ours(tree: Mapping[str, str], out: Path) -> bool:
    """Whether `out` is empty or was generated before, so that its orphans may go."""
    [marker] = (name for name in tree if name.endswith("__init__.py"))
    # Its first line alone: the rest goes by the version of jmcp.
    first, _, _ = tree[marker].partition("\n")
    path = out / marker
    written = path.is_file() and path.read_text(encoding="utf-8").partition("\n")[0] == first
    return written or _present(out) <= tree.keys()


def _present(out: Path) -> set[str]:
    """The files there, but for Python's caches."""
    return {
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
