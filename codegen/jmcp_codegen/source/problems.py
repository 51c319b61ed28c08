"""What can be wrong with a spec, and the one error that tells it all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

REFUSALS = {
    "yaml": "the file is not YAML, repeats a key or refers to itself",
    "shape": "the file does not have the shape that its JSON Schema demands",
    "unknown_key": "a key that means nothing here",
    "bad_name": "a name that is not snake_case, CamelCase for a type, or cannot be one in Python",
    "reserved_name": "a name that generated code needs for itself",
    "undefined": "something is used but not defined",
    "unused": "something is defined but not used",
    "taken": "a toolset of another package defines a name that jmcp has",
    "duplicate_error": "an error is defined in both files",
    "duplicate_enum": "an enum is defined in both files, or lists a value twice",
    "repeated_enum": "values written out that an enum has, or that were written out before",
    "sentence": "a sentence whose placeholders have no known form, or are something else beside it",
    "duplicate_phrase": "a phrase is defined in both files",
    "ref": "a reference to something else than a type",
    "recursive_type": "a type contains itself",
    "inline_object": "an object with fields of its own inside another one, without a name",
    "bad_table": "a table whose rows have no named columns",
    "array_without_items": "an array whose items have no schema",
    "bad_default": "a default that its own schema refuses",
    "bad_required": "required names a property that is not there",
    "nullable_param": "a param that takes null",
    "optional_result": "a result property that is neither required nor nullable nor has a default",
    "result_root": "a result that is not an object type",
    "mixed_type": "a type used by both params and results",
    "synonym_clash": "a synonym that is also a param or another synonym",
    "either": "an either group that names unknown or required params",
    "description_size": "a description or the instructions above 2 KB, where clients cut",
    "method": "an HTTP method that promises what the annotations deny",
    "path_unfed": "a path parameter that no param feeds",
    "on_disconnect": "a tool that runs code and says nothing of its caller's leaving, or another that does",
    "stream": "a stream of events that a tool cannot have, or with defaults that it refuses",
    "route_clash": "two tools with one method and path",
    "example_missing": "no success example, or an error without one",
    "example_call": "an example whose arguments the tool refuses",
    "example_returns": "an example that expects what the result cannot be",
    "example_raises": "an example that raises what its tool does not declare",
    "text_missing": "a result type without a text template",
    "text_orphan": "a text template of no result type",
    "text_syntax": "a text template that does more than print, choose and loop",
    "text_field": "a text template that names a field its type lacks",
    "resource_part": "a resource whose URI has other parts than it says",
    "citation": "a prompt that cites what its arguments cannot call",
    "alias_of": "an alias of a tool that is not there",
    "alias_param": "an alias that presets, renames or lists a param wrongly",
}
"""Every refusal by its code. The tests keep one broken spec for each."""


class SpecError(Exception):
    """The spec is refused: `problems` holds every reason, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda problem: problem.order))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    code: str
    file: str
    line: int
    reason: str

    def __post_init__(self) -> None:
        if self.code not in REFUSALS:
            raise KeyError(self.code)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"

    @property
    def order(self) -> tuple[str, int, str]:
        return self.file, self.line, self.reason
