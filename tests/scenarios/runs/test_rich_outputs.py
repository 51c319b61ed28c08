"""What agents read of IPython's display objects."""

from __future__ import annotations

import pytest

from jmcp_handlers.support.outputs.output_results import plain
from tests.scenarios.runs.conftest import RunnableNotebook, StartNotebook

SHOWN = {
    "Markdown('# Title')": "# Title",
    "Latex('$x^2$')": "$x^2$",
    "JSON({'a': [1, 2]})": '{"a": [1, 2]}',
    "HTML('<p>Sales</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td></tr></table>')": (
        "Sales\n\n| a | b |\n| --- | --- |\n| 1 |"
    ),
    "'<b>text</b>'": "'<b>text</b>'",
}


@pytest.mark.parametrize("how", ["display({})", "{}"])
async def test_the_source_of_what_is_shown_is_read(start_notebook: StartNotebook, how: str) -> None:
    notebook: RunnableNotebook = await start_notebook(live=False)
    for code, text in SHOWN.items():
        imports = "from IPython.display import HTML, JSON, Latex, Markdown, display\n"
        run = await notebook.run(imports + how.format(code))
        assert [plain(output) for output in run.outputs] == [text]
