"""The calls that have to mean the same everywhere: every tool, with what it does and refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from jmcp_api.registry import TOOLS

SESSIONLESS = frozenset(tool.name for tool in TOOLS.values() if tool.session != "required")
END = "the end"
"""The source of the last cell of a notebook to which nothing more will be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `{name}` in an argument is what an earlier call kept under that name.

    `raises` and `status` are what it is known to answer, so that equal failures are not parity.
    """

    tool: str
    arguments: dict[str, Any]
    raises: str | None = None
    status: str | None = None
    keep: dict[str, str] = field(default_factory=dict)

    def filled(self, kept: dict[str, str]) -> dict[str, Any]:
        return {key: _filled(value, kept) for key, value in self.arguments.items()}


def _filled(value: Any, kept: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(inner, kept) for inner in value]
    return kept.get(value, value) if isinstance(value, str) else value


def call(
    tool: str,
    *,
    raises: str | None = None,
    status: str | None = None,
    keep: dict[str, str] | None = None,
    **arguments: Any,
) -> Call:
    """A call of the main session, unless it names another one."""
    if tool not in SESSIONLESS:
        arguments.setdefault("session_id", "{main}")
    return Call(tool=tool, arguments=arguments, raises=raises, status=status, keep=keep or {})


def append(source: str, status: str = "ok", **more: Any) -> Call:
    return call(
        "insert_execute_code_cell", cell_index=-1, cell_source=source, status=status, **more
    )


def write(root: Path) -> None:
    """The folder that every sequence starts from."""
    v4 = nbformat.v4
    main = v4.new_notebook(metadata={"authors": [{"name": "Ada"}], "kernelspec": _python()})
    main.cells = [
        v4.new_markdown_cell("# Títle 🎉", id="aaaa0001", metadata={"tags": ["top"]}),
        v4.new_code_cell("x = 1\nx + 1", id="aaaa0002", metadata={"collapsed": True}),
        v4.new_raw_cell("raw\ttext", id="aaaa0003", metadata={"format": "text/plain"}),
        v4.new_code_cell("# printed earlier", id="aaaa0004", execution_count=7),
    ]
    main.cells[3].outputs = [v4.new_output("stream", name="stdout", text="earlier\n")]
    nbformat.write(main, root / "main.ipynb")
    nbformat.write(
        v4.new_notebook(cells=[v4.new_code_cell("y = 1", id="bbbb0001")]), root / "b.ipynb"
    )
    old = v4.new_notebook(cells=[v4.new_code_cell("z = 1")])
    del old.cells[0]["id"]
    old.nbformat_minor = 4
    nbformat.write(old, root / "old.ipynb")
    other = v4.new_notebook(metadata={"kernelspec": _python() | {"name": "not-installed"}})
    other.cells = [v4.new_code_cell("1", id="cccc0001")]
    nbformat.write(other, root / "other-language.ipynb")
    (root / "broken.ipynb").write_text("{")
    (root / "data.csv").write_text("a,b\n1,2\n")
    (root / "folder" / "ünder").mkdir(parents=True)
    (root / "folder" / "notes.txt").write_text("notes")


def _python() -> dict[str, str]:
    return {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


RICH = """import sys
from IPython.display import HTML, Image, JSON, Markdown, display
import base64
print('out ü', flush=True); print('out again', flush=True); print('err 🎉', file=sys.stderr, flush=True)
display(HTML('<b>bold</b>'), Markdown('**bold**'), JSON({'a': [1, None]}))
png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
display(Image(base64.b64decode(png)), metadata={'image/png': {'width': 4}})
{'b': 'é'}"""
CLEARED = """from IPython.display import clear_output
print('before'); clear_output(); print('between'); clear_output(wait=True); print('after')"""
LAST_CLEARED = """print('gone'); clear_output()"""
SHOWN = """from IPython.display import display
handle = display('first', display_id='here'); print('and')"""
UPDATED = (
    """handle.update('second', metadata={'made': 'up'}); display('third', display_id='here')"""
)
WIDGET = """from comm import create_comm
comm = create_comm(target_name='jupyter.widget', data={'state': {}}); comm.send({'a': 1}); comm.close()
display({'application/vnd.jupyter.widget-view+json': {'model_id': 'm'}, 'text/plain': 'W()'}, raw=True)"""
PROGRESS = """for part in range(50): print(f'\\r{part} of 50', end='', flush=True)
print('\\ncolour \\x1b[31mred\\x1b[0m back\\bed')"""
FAILS = """print('before')
def inner(): raise ValueError('é 🎉\\nsecond line')
inner()"""
SLEEPS = "import time\nprint('started', flush=True)\ntime.sleep(300)"

OPENING = (
    call("list_notebooks", scope="workspace"),
    call("list_notebooks"),
    call("list_files"),
    call("list_files", path="folder", max_depth=3),
    call("list_files", pattern="*.csv", start_index=0, limit=1),
    call("list_files", path="nope", raises="directory_not_found"),
    call("list_files", path="../", raises="path_refused"),
    call("list_files", path="data.csv", raises="directory_not_found"),
    call("list_kernels"),
    call("list_kernels", nope=1, raises="invalid_arguments"),
    call("use_notebook", notebook_path="nope.ipynb", raises="notebook_not_found"),
    call("use_notebook", notebook_path="../nope.ipynb", raises="path_refused"),
    call("use_notebook", notebook_path=".hidden.ipynb", raises="path_refused"),
    call("use_notebook", notebook_path="data.csv", raises="path_refused"),
    call("use_notebook", notebook_path="folder", raises="path_refused"),
    call("use_notebook", notebook_path="broken.ipynb", raises="notebook_invalid"),
    call("use_notebook", notebook_path="main.ipynb", mode="create", raises="notebook_exists"),
    call("use_notebook", notebook_path="no/n.ipynb", mode="create", raises="directory_not_found"),
    call("use_notebook", notebook_path="main.ipynb", kernel_id="nope", raises="kernel_not_found"),
    call(
        "use_notebook",
        notebook_path="main.ipynb",
        kernel_name="nope",
        raises="kernelspec_not_found",
    ),
    call("use_notebook", notebook_path="main.ipynb", mode="nope", raises="invalid_arguments"),
    call("use_notebook", notebook_path="main.ipynb", nope=1, raises="invalid_arguments"),
    call("use_notebook", notebook_path="", raises="invalid_arguments"),
    call("read_notebook", session_id="nope-nope", raises="session_not_found"),
    call("use_notebook", notebook_path="folder/../main.ipynb", raises="path_refused"),
    call("use_notebook", notebook_path="./main.ipynb", keep={"{main}": "session_id"}),
    call("use_notebook", notebook_path="main.ipynb", session_id="{main}"),
    call("read_notebook"),
    call("read_notebook", response_format="detailed", start_index=1, limit=2),
    call("read_notebook", notebook_path="b.ipynb", raises="notebook_not_open"),
    call("read_notebook", limit=-1, raises="invalid_arguments"),
    call("list_executions"),
    call("interrupt_kernel", raises="no_kernel"),
    call("restart_notebook", raises="no_kernel"),
)
CELLS = (
    call("read_cell", cell_index=3),
    call("read_cell", cell_id="aaaa0001", include_outputs=False),
    call("read_cell", cell_index=4, raises="cell_not_found"),
    call("read_cell", cell_id="nope", raises="cell_not_found"),
    call("read_cell", cell_index=0, limit=-1, raises="invalid_arguments"),
    call("read_output", cell_id="aaaa0004", output=0, mime_type="text/plain"),
    call("read_output", cell_index=3, output=0, mime_type="a/b", raises="resource_not_found"),
    call("show_output", cell_id="aaaa0004"),
    call("show_output", cell_id="aaaa0004", output=9, raises="output_not_found"),
    call("read_output_data", cell_index=3, output=0, mime_type="text/plain", limit=2),
    call("read_output_data", cell_id="nope", output=0, mime_type="a/b", raises="cell_not_found"),
    call("read_resource", uri="notebook://main.ipynb"),
    call("read_resource", uri="notebook://main.ipynb/cells/aaaa0001"),
    call("read_resource", uri="notebook://main.ipynb/cells/aaaa0004/outputs/0/text%2Fplain"),
    call("read_resource", uri="notebook://main.ipynb/cells/nope", raises="cell_not_found"),
    call("read_resource", uri="notebook://nope.ipynb", raises="notebook_not_found"),
    call("read_resource", uri="notebook://..%2Fmain.ipynb", raises="path_refused"),
    call("read_resource", uri="file:///main.ipynb", raises="resource_not_found"),
    call("cite_cells", cell_indices="0,2-", notebook_path="main.ipynb"),
    call("cite_cells", cell_indices="1-9", notebook_path="main.ipynb", raises="cell_not_found"),
    call("complete_value", kind="notebook", value="ma"),
    call("complete_value", kind="cell", notebook_path="main.ipynb"),
    call("complete_value", kind="cell", notebook_path="nope.ipynb", raises="notebook_not_found"),
    call(
        "insert_cell",
        cell_index=0,
        cell_type="markdown",
        cell_source="ünïcode 🎉\r\nline\u2028two",
        keep={"{inserted}": "cell_id"},
    ),
    call("insert_cell", after_cell_id="{inserted}", cell_type="code", cell_source=""),
    call("insert_cell", cell_index=-1, cell_type="raw", cell_source="raw"),
    call("insert_cell", cell_index=9, cell_type="raw", cell_source="", raises="cell_not_found"),
    call(
        "insert_cell", cell_index=0, cell_type="heading", cell_source="", raises="invalid_arguments"
    ),
    call("insert_cell", cell_type="raw", cell_source="", raises="invalid_arguments"),
    call("overwrite_cell_source", cell_id="aaaa0002", cell_source="x = 1\nx + 2\n"),
    call("overwrite_cell_source", cell_id="aaaa0002", cell_source="x = 1\nx + 2\n"),
    call("overwrite_cell_source", cell_id="nope", cell_source="", raises="cell_not_found"),
    call("overwrite_cell_source", cell_id="aaaa0002", raises="invalid_arguments"),
    call("edit_cell_source", cell_id="aaaa0002", old_string="x + 2", new_string="x + 20 # 🎉"),
    call("edit_cell_source", cell_id="{inserted}", old_string="🎉", new_string="🎈é"),
    call(
        "edit_cell_source",
        cell_id="aaaa0002",
        old_string="nope",
        new_string="",
        raises="text_not_found",
    ),
    call(
        "edit_cell_source",
        cell_id="aaaa0002",
        old_string="x",
        new_string="",
        raises="text_not_unique",
    ),
    call("move_cell", cell_id="aaaa0003", target_index=0),
    call("move_cell", cell_index=0, after_cell_id="aaaa0004"),
    call("move_cell", cell_index=0, target_index=-1),
    call("move_cell", cell_index=0, target_index=7, raises="cell_not_found"),
    call("move_cell", cell_id="nope", target_index=0, raises="cell_not_found"),
    call("search_notebook", pattern="x +", context=1),
    call("search_notebook", pattern="^x", regex=True, scope="workspace", limit=2),
    call("search_notebook", pattern="earlier", where="both"),
    call("search_notebook", pattern="a(b", regex=True, raises="pattern_invalid"),
    call("search_notebook", pattern="", raises="invalid_arguments"),
    call(
        "apply_edits",
        edits=[
            {"op": "insert", "name": "new", "source": "n = 1", "after": "aaaa0002"},
            {"op": "edit", "cell": "new", "old_string": "1", "new_string": "2"},
            {"op": "set_type", "cell": "aaaa0003", "cell_type": "markdown"},
        ],
    ),
    call("apply_edits", edits=[{"op": "delete", "cell": "nope"}], raises="cell_not_found"),
    call("apply_edits", edits=[], raises="invalid_arguments"),
    call("undo_change"),
    call("undo_change", change_id="nope", raises="change_not_found"),
    call("list_changes"),
    call("list_changes", since="nope", raises="change_not_found"),
    call("diff_notebook"),
    call("diff_notebook", nope=1, raises="invalid_arguments"),
    call("create_checkpoint"),
    call("restore_checkpoint", checkpoint_id="nope", raises="checkpoint_not_found"),
    call("create_checkpoint", nope=1, raises="invalid_arguments"),
    call("clear_cell_output", cell_ids=["aaaa0004", "aaaa0001"]),
    call("clear_cell_output", cell_ids=["nope"], raises="cell_not_found"),
    call("move_cell", cell_id="aaaa0004", target_index=0),
    call("diff_notebook"),
    call("restore_checkpoint"),
    call("list_changes", limit=3),
    call("delete_cell", cell_indices=[0, 9], raises="cell_not_found"),
    call("delete_cell", cell_ids=["{inserted}"]),
    call("delete_cell", cell_indices=[0], include_source=False),
    call("delete_cell", cell_indices=[0, 0], raises="invalid_arguments"),
    call("read_notebook", response_format="detailed"),
    call("validate_notebook"),
    call("validate_notebook", limit=-1, raises="invalid_arguments"),
    call("export_notebook", format="py"),
    call("export_notebook", format="py", raises="file_exists"),
    call("export_notebook", format="md", path="../main.md", raises="path_refused"),
    call("export_notebook", format="pdf", raises="invalid_arguments"),
)
RUNS = (
    call("execute_cell", cell_id="aaaa0002", status="ok", keep={"{run}": "execution_id"}),
    call("execute_cell", cell_id="aaaa0001", raises="cell_not_code"),
    call("execute_cell", cell_index=99, raises="cell_not_found"),
    call("execute_cell", cell_id="nope", raises="cell_not_found"),
    call("execute_cell", cell_id="aaaa0002", timeout=-1, raises="invalid_arguments"),
    call("execute_cell", cell_id="aaaa0002", timeout=86401, raises="invalid_arguments"),
    call("execute_cell", cell_id="aaaa0002", timeout="1", raises="invalid_arguments"),
    call("execute_cell", cell_id="aaaa0002", wait=3601, raises="invalid_arguments"),
    call("run_cells", timeout=-1, raises="invalid_arguments"),
    call("execute_code", code="1", timeout=86401, raises="invalid_arguments"),
    call("execute_code", code="", raises="invalid_arguments"),
    call("execute_cell", cell_id="aaaa0004", status="ok"),
    call("install_packages", packages=["ipykernel"], status="ok"),
    call("install_packages", packages=["--pre"], raises="invalid_arguments"),
    call("list_variables"),
    call("list_variables", pattern="x*", type="int"),
    call("list_variables", limit=-1, raises="invalid_arguments"),
    append(RICH),
    append(CLEARED),
    append(LAST_CLEARED),
    append(SHOWN),
    append(UPDATED),
    append(WIDGET),
    append(PROGRESS),
    append(FAILS, "error"),
    append("def broken(:", "error"),
    append("import sys; sys.exit(3)", "error"),
    append("input('?')", "error"),
    append("%%nope\n1", "error"),
    append("print('ü' * 99, *range(20_000), sep='\\n')"),
    append("'a' * 30_000"),
    append(""),
    append("print('loose', end='')\nprint('', end='')\n\n'tail';"),
    call("insert_execute_code_cell", after_cell_id="nope", cell_source="", raises="cell_not_found"),
    append(SLEEPS, "timed_out", timeout=3),
    call("execute_code", code="x"),
    call("execute_code", code="import os; os.getcwd().rpartition('/')[2]", status="ok"),
    call("execute_code", code="!echo shell", status="ok"),
    call("execute_code", code="raise KeyError('é')", status="error"),
    call("execute_code", code="input()", status="error"),
    append(SLEEPS, "running", wait=2, keep={"{sleeping}": "execution_id"}),
    call("execute_code", code="2", wait=0, status="running", keep={"{queued}": "execution_id"}),
    call("interrupt_kernel"),
    call("get_execution", execution_id="{sleeping}"),
    call("get_execution", execution_id="{queued}", status="ok"),
    call("get_execution", execution_id="{run}", status="ok"),
    call("get_execution", execution_id="nope", raises="execution_not_found"),
    call("get_execution", execution_id="{run}", wait=-1, raises="invalid_arguments"),
    call("list_executions", limit=500),
    call("list_executions", limit=-1, raises="invalid_arguments"),
    call("run_cells", stop_on_error=False, end_index=14, status="error"),
    call("run_cells", start_cell_id="aaaa0002", end_index=1),
    call("run_cells", start_index=99, raises="cell_not_found"),
    call("run_cells", start_cell_id="nope", raises="cell_not_found"),
    call("read_cell", cell_index=-1, raises="invalid_arguments"),
    *(call("read_cell", cell_index=index) for index in range(5, 12)),
    call("read_cell", cell_index=16, start=1_000, limit=100),
    call("read_notebook", limit=100),
    call("restart_notebook"),
    call("execute_code", code="x", status="error"),
    call("interrupt_kernel"),
    call("execute_code", code="import os, time; time.sleep(1); os._exit(1)", status="kernel_died"),
    call("execute_code", code="1 + 1", status="ok"),
)
TWO_SESSIONS = (
    call("use_notebook", notebook_path="main.ipynb", keep={"{second}": "session_id"}),
    call(
        "insert_cell",
        session_id="{second}",
        cell_index=0,
        cell_type="code",
        cell_source="a = 1\na",
        keep={"{shared}": "cell_id"},
    ),
    call("read_cell", cell_id="{shared}"),
    call(
        "overwrite_cell_source", session_id="{second}", cell_id="{shared}", cell_source="a = 2\na"
    ),
    call("read_notebook"),
    call("read_notebook"),
    call("execute_cell", cell_id="{shared}", status="ok"),
    call("overwrite_cell_source", cell_id="{shared}", cell_source="a = 3", raises="cell_changed"),
    call("edit_cell_source", cell_id="{shared}", old_string="a = 2", new_string="a = 3"),
    call(
        "edit_cell_source",
        session_id="{second}",
        cell_id="{shared}",
        old_string="a",
        new_string="b",
        replace_all=True,
        raises="cell_changed",
    ),
    call("overwrite_cell_source", cell_id="{shared}", cell_source="a = 4"),
    call("delete_cell", session_id="{second}", cell_ids=["{shared}"], raises="cell_changed"),
    call("overwrite_cell_source", cell_id="{shared}", cell_source="a = 5"),
    call("delete_cell", session_id="{second}", cell_ids=["{shared}"], force=True),
    call("read_cell", cell_id="{shared}", raises="cell_not_found"),
    call(
        "insert_cell",
        session_id="{second}",
        cell_index=0,
        cell_type="markdown",
        cell_source="ü, to be reviewed",
    ),
    call("review_changes", of_session_id="{second}"),
    call("review_changes", limit=-1, raises="invalid_arguments"),
    call(
        "accept_changes", of_session_id="{second}", change_ids=["nope"], raises="change_not_found"
    ),
    call("accept_changes", of_session_id="{second}", keep={"{accepted}": "acceptance_id"}),
    call("accept_changes", of_session_id="{second}", withdraw="{accepted}"),
    call("revert_changes", of_session_id="{second}"),
    call("revert_changes", of_session_id="{second}", raises="change_not_found"),
    call("unuse_notebook", session_id="{second}", kernel="keep"),
    call("insert_cell", cell_index=-1, cell_type="markdown", cell_source=END),
)
IMAGE = """from IPython.display import HTML, Image, display
import base64
print('\\x1b[31mred\\x1b[0m'); display(HTML('<b>bold</b>'))
png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
Image(base64.b64decode(png))"""
OLDER = (
    call("get_notebook_info", session_id="{b}"),
    call("get_notebook_info", session_id="{b}", nope=1, raises="invalid_arguments"),
    call("append_markdown_cell", session_id="{b}", cell_source="téxt"),
    call("append_markdown_cell", session_id="{b}", raises="invalid_arguments"),
    call("insert_markdown_cell", session_id="{b}", cell_index=0, cell_source="top"),
    call(
        "insert_markdown_cell",
        session_id="{b}",
        cell_index=99,
        cell_source="",
        raises="cell_not_found",
    ),
    call(
        "append_code_cell",
        session_id="{b}",
        cell_source="print('once')",
        keep={"{prints}": "cell_id"},
    ),
    call("append_code_cell", session_id="{b}", raises="invalid_arguments"),
    call("append_code_cell", session_id="{b}", cell_source=SLEEPS, keep={"{sleeps}": "cell_id"}),
    call("append_execute_code_cell", session_id="{b}", cell_source=IMAGE),
    call("append_execute_code_cell", session_id="{b}", cell_source=FAILS, full_output=True),
    call("append_execute_code_cell", session_id="{b}", raises="invalid_arguments"),
    call("execute_cell_with_progress", session_id="{b}", cell_id="{prints}"),
    call("execute_cell_with_progress", session_id="{b}", cell_index=99, raises="cell_not_found"),
    call("execute_with_progress", session_id="{b}", cell_id="{prints}"),
    call("execute_with_progress", session_id="{b}", cell_index=99, raises="cell_not_found"),
    call("execute_cell_simple_timeout", session_id="{b}", cell_id="{prints}"),
    call(
        "execute_cell_simple_timeout",
        session_id="{b}",
        cell_id="{sleeps}",
        timeout_seconds=2,
        raises="execution_timed_out",
    ),
    call("execute_cell_streaming", session_id="{b}", cell_id="{prints}"),
    call("execute_cell_streaming", session_id="{b}", cell_index=99, raises="cell_not_found"),
    call("read_all_cells", session_id="{b}"),
    call("read_all_cells", session_id="{b}", start_index=-1, raises="invalid_arguments"),
)
OTHERS = (
    call("use_notebook", notebook_path="b.ipynb", keep={"{b}": "session_id"}),
    call("get_execution", session_id="{b}", execution_id="{run}", raises="execution_not_found"),
    call("list_kernels", keep={"{kernel}": "kernels.0.kernel_id"}),
    call(
        "use_notebook",
        notebook_path="b.ipynb",
        session_id="{b}",
        kernel_id="{kernel}",
        raises="kernel_taken",
    ),
    call("execute_cell", session_id="{b}", cell_index=0, status="ok"),
    call("debug_connection_status"),
    call("debug_connection_status", notebook_path="nope.ipynb"),
    call("debug_connection_status", nope=1, raises="invalid_arguments"),
    call("list_sessions"),
    call("list_sessions", start_index=1, limit=1),
    call("list_sessions", limit=-1, raises="invalid_arguments"),
    call("list_activity", owners="all"),
    call("list_activity", owners="some", raises="invalid_arguments"),
    call("search_tools", query="undo", limit=1),
    call("search_tools", limit=-1, raises="invalid_arguments"),
    call("run_script", code="print(1)", status="ok"),
    call("run_script", code="1", timeout=0, raises="invalid_arguments"),
    call("list_notebooks", scope="open"),
    call("list_notebooks"),
    call("list_notebooks", session_id="{b}"),
    call("list_notebooks", session_id="nope-nope", raises="session_not_found"),
    *OLDER,
    call("insert_cell", session_id="{b}", cell_index=-1, cell_type="markdown", cell_source=END),
    call("use_notebook", session_id="{b}", notebook_path="old.ipynb", notebook_name="older"),
    call("read_notebook", session_id="{b}"),
    call("read_cell", session_id="{b}", cell_index=0),
    call("execute_cell", session_id="{b}", cell_index=0, status="ok"),
    call("overwrite_cell_source", session_id="{b}", cell_index=0, cell_source="z = 2"),
    call("insert_cell", session_id="{b}", cell_index=-1, cell_type="markdown", cell_source=END),
    call("read_cell", session_id="{b}", notebook_path="b.ipynb", cell_index=0),
    call("use_notebook", session_id="{b}", notebook_path="other-language.ipynb"),
    call("execute_cell", session_id="{b}", cell_index=0, raises="kernelspec_not_found"),
    call("insert_cell", session_id="{b}", cell_index=-1, cell_type="markdown", cell_source=END),
    call(
        "use_notebook",
        session_id="{b}",
        notebook_path="folder/ünder/nëw 🎉.ipynb",
        mode="create",
        kernel_name="python3",
    ),
    append("'new'", session_id="{b}"),
    call("insert_cell", session_id="{b}", cell_index=-1, cell_type="markdown", cell_source=END),
    call("list_notebooks", scope="workspace", start_index=1, limit=2),
    call("unuse_notebook", session_id="{b}", notebook_path="old.ipynb", kernel="keep"),
    call(
        "unuse_notebook", session_id="{b}", notebook_path="nope.ipynb", raises="notebook_not_open"
    ),
    call("unuse_notebook", session_id="{b}", kernel="auto"),
    call("unuse_notebook", session_id="{b}", kernel="nope", raises="invalid_arguments"),
    call("unuse_notebook", session_id="{b}", notebook_path="other-language.ipynb"),
    call("unuse_notebook", session_id="{b}"),
    call("unuse_notebook", kernel="stop"),
    call("read_notebook", raises="session_not_found"),
    call("list_kernels"),
    call("list_notebooks"),
)
PAGES = (
    call("prepare_notebook", notebook_path="b.ipynb", keep={"{shown}": "session_id"}),
    call(
        "prepare_notebook", notebook_path="b.ipynb", session_id="{shown}", conversation_id="Ünit 1"
    ),
    call("prepare_notebook", notebook_path="nope.ipynb", raises="notebook_not_found"),
    call(
        "prepare_notebook",
        notebook_path="b.ipynb",
        conversation_id="../c",
        raises="conversation_id_refused",
    ),
    call("switch_notebook", notebook_path="folder/ünder/nëw 🎉.ipynb", session_id="{shown}"),
    call("switch_notebook", notebook_path="b.ipynb", session_id="{shown}", close_other_tabs=False),
    call("switch_notebook", notebook_path="broken.ipynb", raises="notebook_invalid"),
    call(
        "create_notebook",
        notebook_path="folder/made.ipynb",
        initial_content="# ü",
        session_id="{shown}",
    ),
    call("read_notebook", session_id="{shown}", response_format="detailed"),
    call("create_notebook", notebook_path="folder/only.ipynb", switch_to_notebook=False),
    call("create_notebook", notebook_path="b.ipynb", raises="notebook_exists"),
    call("create_notebook", notebook_path="no/n.ipynb", raises="directory_not_found"),
    call("create_notebook", notebook_path="n.txt", raises="path_refused"),
    call(
        "create_conversation_notebook",
        session_id="{shown}",
        conversation_id="Ünit 1",
        title="One",
        template="main.ipynb",
    ),
    call("read_notebook", session_id="{shown}", limit=3),
    call(
        "create_conversation_notebook", session_id="{shown}", conversation_id="Ünit 1", title="Two"
    ),
    call("create_conversation_notebook", conversation_id="a/b", raises="conversation_id_refused"),
    call("list_conversations"),
    call("list_conversations", limit=-1, raises="invalid_arguments"),
    call("list_open_notebooks"),
    call("list_open_notebooks", start_index=-1, raises="invalid_arguments"),
    call("get_user_context", nope=1, raises="invalid_arguments"),
    call("show_in_lab", notebook_path="main.ipynb", cell_id="nope", raises="cell_not_found"),
    call("show_in_lab", notebook_path="../main.ipynb", raises="path_refused"),
    call("list_notebooks"),
    *(call("unuse_notebook", session_id="{shown}") for _ in range(4)),
    call("list_notebooks"),
)
CALLS = OPENING + CELLS + RUNS + TWO_SESSIONS + OTHERS + PAGES
NOTEBOOKS = (
    "main.ipynb",
    "b.ipynb",
    "old.ipynb",
    "other-language.ipynb",
    "folder/ünder/nëw 🎉.ipynb",
)
