"""The spec's examples: one source for documentation, OpenAPI and these tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import yaml

from jmcp.compose import API

nbformat: Any = untyped_nbformat

SPEC = Path(__file__).parents[3] / "spec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One call with what it returns (a part of the result) or the code of the error it raises."""

    tool: str
    name: str
    session: str
    given: str
    call: dict[str, Any]
    returns: dict[str, Any] | None = None
    raises: str | None = None
    also: str | None = None

    def __str__(self) -> str:
        return f"{self.tool}-{self.name.replace(' ', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """What a folder holds before an example runs."""

    notebook: str | None = None
    open: bool = False
    language: str | None = None
    shown: bool = False
    checkpoint: bool = False
    page: str | None = None
    run: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    running_for_others: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    inserted: int = 0
    cells: tuple[dict[str, Any], ...] = field(default=())

    def files(self, also: str | None = None) -> dict[str, str]:
        """The notebook by name, and another one if the example has one, as nbformat has them."""
        make: dict[str, Callable[..., Any]] = {
            "code": nbformat.v4.new_code_cell,
            "markdown": nbformat.v4.new_markdown_cell,
            "raw": nbformat.v4.new_raw_cell,
        }
        notebook = nbformat.v4.new_notebook()
        if self.language is not None:
            spec = {"name": "none", "display_name": self.language, "language": self.language}
            notebook.metadata.kernelspec = spec
        for cell in self.cells:
            notebook.cells.append(make[cell["cell_type"]](cell["source"], id=cell["id"]))
        text = nbformat.writes(notebook)
        return dict.fromkeys(filter(None, (self.notebook, also)), text)

    def write(self, root: Path, also: str | None = None) -> None:
        for name, text in self.files(also).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)


@cache
def load() -> tuple[list[Example], dict[str, Fixture]]:
    """All examples in spec order, and the fixtures by name."""
    # The loader in C: each process that collects tests reads this, and PyYAML's own takes a second.
    spec = yaml.load((SPEC / "tools.yaml").read_text(), yaml.CSafeLoader)
    fixtures = {
        name: Fixture(
            notebook=body.get("notebook"),
            open=body.get("open", False),
            language=body.get("language"),
            shown=body.get("shown", False),
            checkpoint=body.get("checkpoint", False),
            page=body.get("page"),
            run=tuple(body.get("run", ())),
            edited=tuple(body.get("edited", ())),
            running=tuple(body.get("running", ())),
            running_for_others=tuple(body.get("running_for_others", ())),
            changed=tuple(body.get("changed", ())),
            overwritten=tuple(body.get("overwritten", ())),
            inserted=body.get("inserted", 0),
            cells=tuple(body.get("cells", ())),
        )
        for name, body in spec["fixtures"].items()
    }
    examples = [
        Example(tool=name, session=API.tools[name].session, **example)
        for name, tool in spec["tools"].items()
        for example in tool["examples"]
    ]
    return examples, fixtures


def one_of_each(examples: list[Example]) -> list[Example]:
    """One success and one error per tool: what every further surface has to show."""
    chosen: dict[tuple[str, bool], Example] = {}
    for example in examples:
        chosen.setdefault((example.tool, example.raises is None), example)
    return list(chosen.values())
