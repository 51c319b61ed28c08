"""How names of the spec look, and how they read in Python."""

from __future__ import annotations

import keyword
import re

from pydantic import BaseModel

SNAKE = re.compile(r"([a-z]+[0-9]*_)*[a-z]+")
"""A word with digits may stand before others, as in `base64_data`; at the end it would number a name."""
ARGUMENT = re.compile(rf"{SNAKE.pattern}[0-9]*")
"""Arguments of prompts are filled in by people and never become fields: there a number is no harm."""
CAMEL = re.compile(r"([A-Z][a-z]+)+")

RESERVED_CLASSES = frozenset(
    {
        *("Session", "Workspace", "Handlers", "Params", "Result", "Tool", "Route", "Policy"),
        *("Problem", "ToolError", "Protocol", "Mapping", "Any", "Annotated", "Literal", "Field"),
        *("Model", "BaseModel", "RootModel", "NoticeCode"),
        *("SessionFields", "SessionNotice"),
    }
)
"""Names that generated modules import or define, in `models`, `ports` or the OpenAPI document."""

RESERVED_FIELDS = frozenset(
    {
        "dump",
        # Of results, as clients get them.
        *("text_content", "image_content", "model_of_answer"),
        # Of clients, which have a method for each tool and its params as arguments.
        *("self", "arguments", "on_progress", "call_tool", "close"),
    }
)


def camel(snake: str) -> str:
    """`execute_cell` -> `ExecuteCell`."""
    return "".join(word.capitalize() for word in snake.split("_"))


def snake(camel: str) -> str:
    """`OpenedNotebook` -> `opened_notebook`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", camel).lower()


def usable_as_field(name: str) -> bool:
    """Whether a model may have a field of that name: no keyword, nothing that the base defines."""
    return not (keyword.iskeyword(name) or hasattr(BaseModel, name) or name in RESERVED_FIELDS)
