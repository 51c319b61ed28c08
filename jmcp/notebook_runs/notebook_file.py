"""The notebook of a run as its file has it: its parameters, and a copy that is run instead of it."""

from __future__ import annotations

import copy
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmcp.core.errors import ServeError
from jmcp.notebook_runs.parameters import FIRST_LINE, source_of

PARAMETERS = "parameters"
INJECTED = "injected-parameters"
RAISES = "raises-exception"
"""Cells with this tag may fail, as nbclient has it."""
ID_MINOR = 5
"""Cells have ids since nbformat 4.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedCell:
    """Where parameters go: over the source of the cell with the id `over`, or into a new one at
    `index`."""

    index: int
    over: str | None
    source: str


class NotebookFile:
    """A notebook's file, read once."""

    def __init__(self, path: Path) -> None:
        """Raises ServeError."""
        self.path = path
        try:
            self._content: dict[str, Any] = json.loads(path.read_bytes())
            self._cells: list[dict[str, Any]] = self._content["cells"]
            self._metadata: dict[str, Any] = self._content["metadata"]
        except FileNotFoundError as error:
            raise ServeError(f"there is no notebook {path}") from error
        except OSError as error:
            raise ServeError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ServeError(f"{path} is not a notebook of the format 4: {error!r}") from error

    @property
    def language(self) -> str:
        """That of its kernel; Python where it does not say."""
        for name in ("kernelspec", "language_info"):
            about = self._metadata.get(name) or {}
            if found := about.get("language") or about.get("name" if name != "kernelspec" else ""):
                return str(found)
        return "python"

    def may_fail(self) -> frozenset[str]:
        """The ids of the cells whose exceptions are expected."""
        return frozenset(
            str(cell["id"]) for cell in self._cells if "id" in cell and RAISES in _tags(cell)
        )

    def injected(self, parameters: Mapping[str, Any], language: str | None = None) -> InjectedCell:
        """The cell for these parameters: instead of the one of an earlier run, or after the cell
        that is tagged `parameters`, or first. Raises ServeError."""
        source = source_of(parameters, language or self.language)
        tagged = self._first(PARAMETERS)
        earlier = self._first(INJECTED)
        if earlier is None and tagged is not None and tagged + 1 < len(self._cells):
            # A live run could not tag it.
            below = self._cells[tagged + 1]
            if _source(below).partition("\n")[0] == FIRST_LINE:
                earlier = tagged + 1
        if earlier is not None:
            over = self._cells[earlier].get("id")
            return InjectedCell(index=earlier, over=over and str(over), source=source)
        return InjectedCell(index=0 if tagged is None else tagged + 1, over=None, source=source)

    @property
    def has_parameters_cell(self) -> bool:
        return self._first(PARAMETERS) is not None or self._first(INJECTED) is not None

    def copy_to(self, output: Path, injected: InjectedCell | None) -> list[str]:
        """Write a copy without outputs, with the parameters in it; returns the sources of its cells.

        The copy is whole or not there. Raises ServeError.
        """
        content = copy.deepcopy(self._content)
        cells: list[dict[str, Any]] = content["cells"]
        for cell in cells:
            if cell.get("cell_type") == "code":
                cell["outputs"], cell["execution_count"] = [], None
                for name in ("execution", "papermill", "ExecuteTime"):
                    cell.get("metadata", {}).pop(name, None)
        if injected is not None:
            made: dict[str, Any] = {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"tags": [INJECTED]},
                "outputs": [],
                "source": injected.source,
            }
            if (content.get("nbformat"), content.get("nbformat_minor", 0)) >= (4, ID_MINOR):
                made["id"] = secrets.token_hex(4)
            earlier = injected.index < len(cells) and (
                injected.index == self._first(INJECTED) or injected.over is not None
            )
            cells[injected.index : injected.index + bool(earlier)] = [made]
        _write(output, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return [_source(cell) for cell in cells]

    def _first(self, tag: str) -> int | None:
        return next((at for at, cell in enumerate(self._cells) if tag in _tags(cell)), None)


def _tags(cell: Mapping[str, Any]) -> list[str]:
    tags = cell.get("metadata", {}).get("tags")
    return tags if isinstance(tags, list) else []


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _write(path: Path, text: str) -> None:
    """Raises ServeError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new", suffix=".ipynb")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            # mkstemp makes it private; a notebook has the rights of any new file.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise ServeError(f"{path} cannot be written: {error.strerror}") from error
