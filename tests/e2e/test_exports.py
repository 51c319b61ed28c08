"""Exports of a live notebook, as a real nbconvert makes them and Jupyter writes them."""

from __future__ import annotations

from tests.served import Served
from tests.surfaces.contract.folder import Folder
from tests.surfaces.contract.surfaces import ToolsCall
from tests.thorough import thorough

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CODE = f"""import base64
from IPython.display import Image, display
print('sales: 3')
display(Image(base64.b64decode('{PNG}')))"""


@thorough
async def test_a_live_notebook_is_exported_with_its_images(served: Served) -> None:
    folder, tools = Folder(served), ToolsCall(served)
    await folder.empty()
    opened = await tools.call("use_notebook", {"notebook_path": "report.ipynb", "mode": "create"})
    assert opened.result is not None
    session = {"session_id": opened.result["session_id"]}
    cell = {"cell_index": -1, "cell_source": CODE}
    ran = await tools.call("insert_execute_code_cell", session | cell)
    assert ran.result is not None, ran.text
    for kind in ("md", "html"):
        made = await tools.call("export_notebook", session | {"format": kind})
        assert made.result is not None, made.text
        text = (served.root / f"report.{kind}").read_text("utf-8")
        assert "sales: 3" in text
        assert made.result["size"] == len(text.encode())
        for image in made.result["images"] or ():
            assert image in text
            assert (served.root / image).read_bytes()[1:4] == b"PNG"
        assert bool(made.result["images"]) == (kind == "md")
    await folder.empty()
    assert not (served.root / "report.md").exists()
