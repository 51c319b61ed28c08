"""What a person sees in the chat of what cells put out, in a client that keeps to MCP Apps."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from playwright.async_api import expect

from tests.e2e.chat.chat_client import Chat
from tests.notebooks import write_notebook
from tests.served import Served
from tests.thorough import thorough

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('A plot');"
TABLE = (
    "import pandas as pd\n"
    "pd.DataFrame({'city': [f'City {n}' for n in range(30)], 'people': [n * 7 % 30 for n in range(30)]})"
)
ESCAPE = "for (const one of [self, parent, top, parent.parent]) one.escaped = true"
HOSTILE = f"""
from IPython.display import HTML, SVG, Markdown, JSON, display
code = {ESCAPE!r}
tag = f"<script>{{code}}</script><img src=x onerror='{{code}}'><svg onload='{{code}}'></svg>"
more = f"<iframe srcdoc=\\"{{tag}}\\"></iframe><meta http-equiv=refresh content='0;url=https://example.org'>"
link = f"<a id=out target=_top href=\\"javascript:{{code}}\\">out</a><form action='https://example.org'>"
display(HTML("<h2>Shown</h2>" + tag + more + link))
script, text = f"<script>{{code}}</script>", tag.replace("<", "&lt;")
display(HTML(f"<table><thead><tr><th>{{script}}{{text}}</th></tr></thead><tr><td>{{text}}</td></tr></table>"))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='{{code}}'>"
            f"<script>{{code}}</script></svg>"))
display(Markdown("# Shown too\\n" + tag + f"\\n[x](javascript:{{code}})"))
display(JSON({{tag: [tag]}}))
display({{"application/vnd.plotly.v1+json": {{"data": [{{"x": [tag], "y": [1], "name": tag}}],
         "layout": {{"title": tag}}}}, "text/plain": ""}}, raw=True)
print("\\x1b]8;;javascript:" + code + "\\x07link\\x1b]8;;\\x07 " + tag + "\\x1b[31mred\\x1b[0m")
"""
LINES = "print('\\n'.join(f'line {n}' for n in range(60_000)))"
IMAGE = "img.picture"


async def shown(chat: Chat, served: Served, *sources: str) -> None:
    """A new notebook of these, of which each has run."""
    name = f"chat-{uuid4().hex[:6]}.ipynb"
    write_notebook(served.root / name, *sources)
    await chat.open(name)
    for index in range(len(sources)):
        assert not (await chat.call("execute_cell", cell_index=index, wait=120)).is_error


async def width_of(chat: Chat) -> int:
    """Of the image in pixels, once the browser has decoded it."""
    picture = chat.view.locator(IMAGE)
    await expect(picture).to_be_visible()
    return int(await picture.evaluate("async one => (await one.decode(), one.naturalWidth)"))


async def column(chat: Chat, number: int) -> list[str]:
    return await chat.view.locator(f"tbody tr > :nth-child({number})").all_inner_texts()


async def test_a_plot_and_a_table_that_sorts_and_pages(chat: Chat, served: Served) -> None:
    await shown(chat, served, PLOT, TABLE)
    said = await chat.show(cell_index=0)
    assert "went to the view" in said
    assert await width_of(chat) > 100
    await expect(chat.view.get_by_role("heading")).to_contain_text("Cell 0 [1] of chat-")
    await chat.view.get_by_role("button", name="Open in JupyterLab").click()
    (link,) = await chat.asked(1)
    assert link["url"].startswith("http")
    assert served.token not in link["url"]
    said = await chat.show(cell_index=1, context={"theme": "dark"})
    assert "City" not in said
    await expect(chat.view.get_by_text("Rows 1 to 10 of 30")).to_be_visible()
    await chat.view.get_by_role("button", name="people").click()
    assert await column(chat, 3) == [str(n) for n in range(10)]
    await chat.view.get_by_role("button", name="people").click()
    await chat.view.get_by_role("button", name="Next").click()
    assert await column(chat, 3) == [str(n) for n in range(19, 9, -1)]
    theme = "getComputedStyle(document.documentElement).colorScheme"
    assert await chat.view.locator("main").evaluate(theme) == "dark"
    assert chat.calls == []
    assert chat.complaints == []


async def test_outputs_cannot_script_the_view_or_the_chat(chat: Chat, served: Served) -> None:
    await shown(chat, served, HOSTILE)
    await chat.show(cell_index=0)
    html, markdown = (chat.view.frame_locator(f"iframe >> nth={number}") for number in (0, 1))
    await expect(html.get_by_role("heading", name="Shown")).to_be_visible()
    await expect(markdown.get_by_role("heading", name="Shown too")).to_be_visible()
    await html.locator("#out").click()
    await expect(chat.view.get_by_text("<script>").first).to_be_visible()  # as text
    red = chat.view.get_by_text("red", exact=True)
    await expect(red).to_have_class("ansi-colour-1")
    assert await chat.view.locator("script").count() == 1  # its own
    assert not await chat.escaped()
    assert await chat.asked(0) == []
    assert chat.page.url.endswith("/index.html")


@thorough
async def test_long_text_is_loaded_in_pages(chat: Chat, served: Served) -> None:
    await shown(chat, served, LINES)
    said = await chat.show(cell_index=0)
    assert len(said) < 500
    load = chat.view.get_by_role("button", name="Load up to 648,890")
    await expect(load).to_be_visible()
    assert chat.calls == ["read_output_data"]
    await load.click()
    await expect(load).to_have_count(0)
    await expect(chat.view.get_by_role("button", name="Show more")).to_be_visible()
    while await (more := chat.view.get_by_role("button", name="Show more")).count():
        await more.click()
    await expect(chat.view.get_by_text("line 59999")).to_be_visible()


@thorough
async def test_what_is_too_large_is_said(chat: Chat, served: Served) -> None:
    await shown(chat, served, "from IPython.display import HTML\nHTML('<b>x</b>' * 6_000_000)")
    said = await chat.show(cell_index=0)
    assert "of a type the view loads 8000000 characters at most" in said
    note = chat.view.get_by_role("note")
    await expect(note).to_contain_text("48,000,000 characters as text/html")
    assert chat.calls == []
    await chat.view.get_by_role("combobox").select_option("text/plain")
    await expect(chat.view.get_by_text("<IPython.core.display.HTML object>")).to_be_visible()


@thorough
async def test_another_output_than_was_shown_is_not_shown(chat: Chat, served: Served) -> None:
    await shown(chat, served, f"{LINES}\nimport time; print(time.time_ns())")
    await chat.show(cell_index=0)
    load = chat.view.get_by_role("button", name="Load up to")
    await expect(load).to_be_visible()
    await chat.call("execute_cell", cell_index=0, wait=120)
    await load.click()
    await expect(chat.view.get_by_role("alert")).to_contain_text("it has run again, or went on")


@thorough
async def test_a_client_that_passes_no_calls_on_is_told_of(chat: Chat, served: Served) -> None:
    await shown(chat, served, LINES)
    await chat.show(cell_index=0, less=["serverTools", "openLinks"])
    await expect(chat.view.get_by_role("alert")).to_contain_text("passes no calls on to jmcp")
    assert await chat.view.get_by_role("button", name="Open in JupyterLab").count() == 0
    assert chat.calls == []


@thorough
async def test_what_a_client_has_left_out_is_asked_for(chat: Chat, served: Served) -> None:
    """One that passes no `_meta` on to its views."""
    await shown(chat, served, PLOT)
    await chat.show(cell_index=0, without_meta=True)
    assert await width_of(chat) > 100
    assert chat.calls == ["read_output_data"]


@thorough
async def test_charts_show_their_data(chat: Chat, served: Served) -> None:
    rows = [{"day": f"2026-01-{day:02}", "sold": day * day % 17} for day in range(1, 13)]
    field = {"x": {"field": "day"}, "y": {"field": "sold"}}
    vega = {"mark": "line", "encoding": field, "data": {"values": rows}}
    bars = {"type": "bar", "x": ["a", "b"], "y": {"dtype": "i1", "bdata": "AQI="}, "name": "n"}
    plotly = {"data": [bars], "layout": {"title": {"text": "Bars"}}}
    pie = {"data": [{"type": "pie", "labels": ["a", "b"], "values": [1, 2]}], "layout": {}}
    await shown(chat, served, *(displayed(kind, spec) for kind, spec in (
        ("vegalite.v5", vega), ("plotly.v1", plotly), ("plotly.v1", pie)
    )))  # fmt: skip
    await chat.show(cell_index=0)
    drawing = chat.view.locator("svg[role=img]")
    await expect(drawing.locator("path")).to_have_count(1)
    await chat.view.get_by_text("Data of the chart").click()
    await expect(chat.view.get_by_text("Rows 1 to 10 of 12")).to_be_visible()
    await chat.show(cell_index=1)
    await expect(drawing.locator("rect")).to_have_count(2)
    await expect(drawing).to_have_attribute("aria-label", "Bars")
    await chat.show(cell_index=2)
    await expect(chat.view.get_by_role("note")).to_contain_text("is not drawn here")
    assert await column(chat, 2) == ["a", "b"]


@thorough
async def test_what_is_nested_deeply_breaks_nothing(chat: Chat, served: Served) -> None:
    deep = "'[' * 30_000 + ']' * 30_000"
    plotly = """'{"data": [{"x": [' + """ + deep + """ + '], "y": [1]}]}'"""
    types = f"{{'application/vnd.plotly.v1+json': {plotly}, 'application/json': {deep}}}"
    await shown(chat, served, f"display({types}, raw=True)")
    await chat.show(cell_index=0)
    await expect(chat.view.get_by_role("note")).to_contain_text("A plain drawing")
    await chat.view.get_by_role("combobox").select_option("application/json")
    await expect(chat.view.get_by_role("group").first).to_be_visible()


def displayed(kind: str, spec: dict[str, Any]) -> str:
    data = {f"application/vnd.{kind}+json": spec, "text/plain": "a chart"}
    return f"import json\ndisplay(json.loads({json.dumps(json.dumps(data))}), raw=True)"


@thorough
async def test_what_the_client_can_do_is_offered(chat: Chat, served: Served) -> None:
    await shown(chat, served, PLOT)
    modes = {"displayMode": "inline", "availableDisplayModes": ["inline", "fullscreen"]}
    await chat.show(cell_index=0, context=modes, more={"downloadFile": {}})
    await chat.view.get_by_role("button", name="Fill the window").click()
    await expect(chat.view.get_by_role("button", name="Back into the chat")).to_be_visible()
    await chat.view.get_by_role("button", name="Save as a file").click()
    await expect(chat.view.get_by_text("Handed over")).to_be_visible()
    mode, file = await chat.asked(2)
    assert mode == {"mode": "fullscreen"}
    assert file["contents"][0]["resource"]["mimeType"] == "image/png"


@thorough
async def test_an_error_is_shown_as_one(chat: Chat, served: Served) -> None:
    await shown(chat, served, "x = 1")
    said = await chat.show(cell_index=0)
    assert "has no outputs" in said
    await expect(chat.view.get_by_role("alert")).to_contain_text("has no outputs")
