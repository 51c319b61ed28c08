"""URIs of resources: whatever a path or an id has in it, it comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmcp.core.calls.resources import Content, found
from jmcp_api.resources import CELL, EXECUTION_OUTPUT, NOTEBOOK, OUTPUT, RESOURCES

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: f"{'/'.join(names)}.ipynb")


@given(path=PATHS, cell_id=NAMES, output=st.integers(0, 99).map(str), mime_type=NAMES)
def test_a_uri_says_what_it_was_made_of(
    path: str, cell_id: str, output: str, mime_type: str
) -> None:
    parts = {"path": path, "cell_id": cell_id, "output": output, "mime_type": mime_type}
    for template in (NOTEBOOK, CELL, OUTPUT):
        values = {name: parts[name] for name in template.parts}
        uri = template.uri_of(**values)
        assert uri.isascii()
        assert not set(' #?"<>\\^`{|}') & set(uri)
        assert found(RESOURCES, uri) == (template, values)


@pytest.mark.parametrize(
    ("uri", "template", "values"),
    [
        ("notebook://a.ipynb", NOTEBOOK, ["a.ipynb"]),
        ("notebook://a/b c#1%.ipynb", NOTEBOOK, ["a/b c#1%.ipynb"]),
        ("notebook://a/cells/b.ipynb", NOTEBOOK, ["a/cells/b.ipynb"]),
        ("notebook://a.ipynb/cells/c1", CELL, ["a.ipynb", "c1"]),
        ("notebook://d/cells/a.ipynb/cells/c1", CELL, ["d/cells/a.ipynb", "c1"]),
        (
            "notebook://a.ipynb/cells/c1/outputs/0/image/png",
            OUTPUT,
            ["a.ipynb", "c1", "0", "image/png"],
        ),
        ("execution://ab12/outputs/3/text/plain", EXECUTION_OUTPUT, ["ab12", "3", "text/plain"]),
    ],
)
def test_slashes_may_be_as_they_are(uri: str, template: object, values: list[str]) -> None:
    kind = found(RESOURCES, uri)
    assert kind is not None
    assert kind[0] is template
    assert list(kind[1].values()) == values


@pytest.mark.parametrize(
    "uri", ["", "a.ipynb", "notebook://", "file:///a.ipynb", "execution://ab12"]
)
def test_other_uris_are_none_of_these(uri: str) -> None:
    assert found(RESOURCES, uri) is None


def test_a_size_is_in_bytes() -> None:
    assert Content(uri="", mime_type="", data="é\ud83d").size_bytes == 5
    assert Content(uri="", mime_type="", data=b"123").size_bytes == 3
