"""Parts of sentences, and what else a client reads."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.wording import counted, listed, word


def call_not_sent(*, tool: str, reason: str) -> str:
    return f"{tool} reached no jmcp, so nothing was done: {reason}."


def call_lost(*, tool: str, reason: str) -> str:
    return f"The connection was lost while {tool} was under way ({reason}). It may have been carried out, all or in part: look before you call it again."


def reading_lost(*, tool: str, reason: str) -> str:
    return f"The connection was lost again and again while {tool} was under way ({reason}). It changes nothing and can be called again."


def call_refused(*, tool: str, url: str, status: int, reason: str) -> str:
    return f"{tool} was refused by the server at {url} with status {status}: {reason}"


def answer_unreadable(*, tool: str, reason: str) -> str:
    return f"The answer to {tool} is not one that this client knows ({reason}). Let client and server have the same version of jmcp; {tool} was carried out."


def of_notebook(*, notebook_path: str) -> str:
    return f"notebook {notebook_path}"


def of_session(*, session_id: str) -> str:
    return f"session {session_id}"


def of_document(*, document: str) -> str:
    return f"document: {document}"


def no_answer_to_question() -> str:
    return "it evaluates no expressions"


def notice_line(*, code: str, message: str) -> str:
    return f"Notice ({code}): {message}"


def error_lines(*, message: str, code: str) -> str:
    return f"{message}\n(error: {code})"


def of_cell(*, index: int, message: str) -> str:
    return f"Cell {index}: {message}"


def edit(*, subject: str, verb: str) -> str:
    return f"{subject} {verb}"


def inserted() -> str:
    return "inserted"


def edited() -> str:
    return "edited"


def deleted() -> str:
    return "deleted"


def moved() -> str:
    return "moved"


def given_another_kernel() -> str:
    return "given another kernel"


def cleared() -> str:
    return "cleared of its outputs"


def given_outputs() -> str:
    return "given its outputs back"


def the_notebook() -> str:
    return "the notebook"


def cell_by_id(*, cell_id: str) -> str:
    return f"cell {cell_id}"


def cell_by_index(*, index: int) -> str:
    return f"the cell at index {index}"


def opening_forgotten() -> str:
    return "jmcp was restarted since it opened the notebook, or the notebook is very large"


def journal_pruned() -> str:
    return "not all changes of jmcp since it opened the notebook are kept"


def journal_full() -> str:
    return "the journal is full of edits of this notebook that no save has taken"


def code_of_others() -> str:
    return "code that jmcp did not send, as of a person in JupyterLab"


def code_since(*, what: str, since: str, seconds: float) -> str:
    return f"{what}, since {since} ({seconds:.0f} s)"


def code_last_heard(*, what: str, at: str) -> str:
    return f"{what}, last heard of at {at}"


def confirm_question(*, path: str, others: Sequence[str], action: str) -> str:
    return f"Others run code in the kernel of {path}: {listed(others, '; ', most=5)}. Shall {action} end that?"


def queued_progress(*, what: str, seconds: float) -> str:
    return f"queued: waits for {what}, {seconds:.0f} s so far"


def waits_for_kernel() -> str:
    return "the kernel to start"


def waits_for_others() -> str:
    return "the kernel, which starts or runs code of somebody else (in JupyterLab)"


def waits_for_user() -> str:
    return "a run of another user"


def waits_for_session(*, session: str) -> str:
    return f"a run of your session {session}"


def waits_for_run(*, execution_id: str) -> str:
    return f"execution {execution_id} of this session"


def batch_progress(*, status: str, done: int, total: int) -> str:
    return f"{status}: {done} of {total} cells"


def batch_progress_at(*, status: str, done: int, total: int, index: int) -> str:
    return f"{status}: {done} of {total} cells, cell {index}"


def batch_progress_shown(*, status: str, done: int, total: int, index: int, line: str) -> str:
    return f"{status}: {done} of {total} cells, cell {index}: {line}"


def contact_lost_mark() -> str:
    return "[jmcp lost contact with the kernel during this run: outputs may be missing here]\n"


def no_more_mark(*, characters: int) -> str:
    return f"[jmcp adds no more: the threads of this run sent {characters:,} characters after its end]\n"


def leaving_out_mark() -> str:
    return "[jmcp leaves out what comes here: the run puts out more than is kept of one; its end follows when it is over]\n"


def left_out_mark(*, characters: int, outputs: int) -> str:
    return f"[jmcp left out {characters:,} characters and {counted(outputs, 'output', 'outputs')} here: more than is kept of one run]\n"


def session_row(*, session_id: str, notebook_path: str, last_used: str) -> str:
    return f"{session_id} ({notebook_path}, last used {last_used})"


def activity_of_all() -> str:
    return "the activity of all owners"


def taking_back() -> str:
    return "taking back a change"


def person_unknown_session() -> str:
    return "This session is not there any more. Nothing was done."


def person_state_unavailable(*, reason: str) -> str:
    return f"jmcp cannot reach what it keeps of sessions ({reason}). Nothing was done: try again in a moment."


def person_nothing_to_undo() -> str:
    return "Nothing that this session changed is left to take back, as far as jmcp has kept it."


def person_undo_refused(*, cells: Sequence[str]) -> str:
    return f"Nothing was taken back, for there is more to lose: {listed(cells, '; ', most=5)}."


def person_cell_changed(*, index: int) -> str:
    return f"cell {index} was changed since"


def person_cell_there(*, index: int) -> str:
    return f"cell {index} is there again"


def person_cell_runs(*, index: int) -> str:
    return f"cell {index} is running"


def person_cell_gone(*, cell_id: str) -> str:
    return f"cell {cell_id} is gone"


def tool_unknown(*, name: str) -> str:
    return f"There is no tool {name!r}. tools/list has them all."


def tool_misspelt(*, name: str, near: str) -> str:
    return f"There is no tool {name!r}; did you mean {near}?"


def tool_not_shown(*, name: str, toolset: str) -> str:
    return f"The tool {name!r} is in the toolset {toolset}, which this server does not show: its --toolset has to name {toolset} too, as in jmcp serve --toolset core,extra."


def cursor_unknown() -> str:
    return "That is no cursor of this list; begin again without one."


def request_state_unknown() -> str:
    return "Nothing was done: requestState is not as the question brought it. Call again without requestState and inputResponses, and answer what is asked then."


def template_unknown(*, uri: str, known: Sequence[str]) -> str:
    return f"There is no resource template {uri!r}; there are: {listed(known, ', ')}."


def never_changes(*, uri: str) -> str:
    return f"What {uri!r} holds does not change; there is nothing to tell of it."


def prompt_unknown(*, name: str, known: Sequence[str]) -> str:
    return f"There is no prompt {name!r}; there are: {listed(known, ', ')}."


def prompt_lacks(*, name: str, missing: Sequence[str]) -> str:
    return f"The prompt {name} needs {listed(missing, ', ')}."


def prompt_knows(*, name: str, known: Sequence[str], given: Sequence[str]) -> str:
    return f"The prompt {name} takes {listed(known, ', ', none='nothing')}, and not {listed(given, ', ')}."


def argument_required(*, name: str) -> str:
    return f"{name} is required"


def argument_unknown(*, name: str, tool: str, known: Sequence[str]) -> str:
    return f"{name} is not an argument of {tool}; known: {listed(known, ', ', none='none')}"


def argument_misspelt(*, name: str, tool: str, near: str) -> str:
    return f"{name} is not an argument of {tool}; did you mean {near}?"


def argument_refused(*, name: str, reason: str) -> str:
    return f"{name}: {reason}"


def argument_repeats(*, name: str) -> str:
    return f"{name}: the items must differ from each other"


def argument_twice(*, given: str, name: str) -> str:
    return f"{given} means {name}, and both were given"


def none_of(*, names: Sequence[str]) -> str:
    return f"give one of {listed(names, ' or ')}: neither was given"


def belongs_in_body(*, name: str) -> str:
    return f"{name} belongs in the body"


def belongs_in_query(*, name: str) -> str:
    return f"{name} belongs in the query"


def is_in_path(*, name: str) -> str:
    return f"{name} is in the path already"


def not_a_tag(*, header: str, value: str) -> str:
    return f"{header}: {value!r} is no list of entity tags: give * or the ETag of an answer as it is, quotes included"


def weak_tags() -> str:
    return "If-Match: a weak tag (W/) never matches; something on the way weakens the ETag, as some proxies do that compress. Send it without W/"


def no_condition(*, method: str, header: str) -> str:
    return f"this {method} does not go by {header}. A GET of a cell goes by If-None-Match; edits, runs and deletions of cells that are named go by If-Match"


def interrupted_before_reply() -> str:
    return "The kernel was interrupted before it could say how this run ended."


def permission_denied() -> str:
    return "permission denied"


def no_such_file() -> str:
    return "no such file or directory"


def http_status(*, status: int) -> str:
    return f"HTTP status {status}"


def read_only() -> str:
    return "it is read-only"


def file_gone() -> str:
    return "its file is gone"


def name_of_file() -> str:
    return "a file has that name"


def no_answer_from_jupyter() -> str:
    return "the Jupyter Server does not answer"


def not_saved() -> str:
    return "Jupyter could not save it"


def not_saved_field(*, field: str, reason: str) -> str:
    return f"Jupyter could not save it: {field}: {reason}"


def not_saved_cell(*, index: int, field: str, reason: str) -> str:
    return f"Jupyter could not save it: cell {index}, {field}: {reason}"


def save_raised(*, error: str) -> str:
    return f"Jupyter could not save it: {error}"


def not_connected() -> str:
    return "not connected"


def not_taken() -> str:
    return "the server did not take what was written"


def no_answer_within(*, seconds: float) -> str:
    return f"no answer within {seconds:g} s"


def no_answer_in_time() -> str:
    return "it did not answer in time"


def closed_by_server() -> str:
    return "closed by the server"


def lost_while_loading() -> str:
    return "the connection was lost while it loaded the notebook"


def field_missing() -> str:
    return "it is missing"


def field_kind(*, found: str, wanted: str) -> str:
    return f"it is {found}, and must be {wanted}"


def field_word(*, value: str, known: Sequence[str]) -> str:
    return f"it is {value!r}, and must be {listed(known, ' or ')}"


def field_surrogate(*, character: str) -> str:
    return f"it has {character}, half of a character, which no file in UTF-8 can hold"


def field_integer(*, value: str) -> str:
    return f"{value} is beyond 64 bits, which a live document cannot hold"


def field_not_finite(*, value: str) -> str:
    return f"{value} is not a number of JSON, and the Jupyter Server could never save the live document"


def kind_null() -> str:
    return "null"


def kind_boolean() -> str:
    return "a boolean"


def kind_number() -> str:
    return "a number"


def kind_text() -> str:
    return "text"


def kind_list() -> str:
    return "a list"


def kind_object() -> str:
    return "an object"


def kind_four() -> str:
    return "the number 4"


def kind_number_or_null() -> str:
    return "a number or null"


def kind_text_or_list() -> str:
    return "text or a list of text"


def whole_file() -> str:
    return "the file"


def field_dropped(*, field: str) -> str:
    return f"{field} is dropped"


def field_added(*, field: str) -> str:
    return f"{field} is added"


def cell_added() -> str:
    return "an empty cell is added"


def more_fields() -> str:
    return "and more"


def run_waits(*, execution_id: str) -> str:
    return f"get_execution with execution_id {execution_id} waits for it, interrupt_kernel stops what runs now."


def run_goes_on(*, execution_id: str) -> str:
    return (
        f"get_execution with execution_id {execution_id} waits for it, interrupt_kernel stops it."
    )


def seen_elsewhere(*, index: int, now: int, cell_id: str) -> str:
    return f"The cell seen at index {index} is at index {now} now (id {cell_id})"


def seen_elsewhere_without_id(*, index: int, now: int) -> str:
    return f"The cell seen at index {index} is at index {now} now"


def seen_gone(*, index: int) -> str:
    return f"The cell seen at index {index} is gone (deleted, or changed while it had no id)"


def listed_cell(*, index: int, cell_id: str, cell_type: str, line: str) -> str:
    return f"{index}\t{cell_id}\t{cell_type}\t{line}"


def changed_since(*, index: int, cell_id: str) -> str:
    return f"cell {index} (id {cell_id})"


def gone_since(*, cell_id: str) -> str:
    return f"cell {cell_id} is gone"


def runs_now(*, index: int, cell_id: str) -> str:
    return f"cell {index} (id {cell_id}) runs"


def there_again(*, cell_id: str, index: int) -> str:
    return f"cell {cell_id} is there again, at index {index}"


def stale_cell(*, index: int, cell_id: str) -> str:
    return f"{index} (id {cell_id})"


def stale_decide(*, count: int) -> str:
    return f"Decide with what {word(count, 'it holds', 'they hold')} now, and call again. With force: true the call is made whatever others changed."


def stale_cut() -> str:
    return "What is cut here, read_cell shows whole, a long source in parts (source_start): read it, then call again. With force: true the call is made whatever others changed."


def stale_no_diff() -> str:
    return "No diff where the source that was read is no longer known, or too long."


def stale_source(*, index: int, cell_id: str) -> str:
    return f"=== cell {index}, id {cell_id}, as it is now ==="


def stale_change() -> str:
    return "=== what others changed of it ==="


def stale_only_change(*, index: int, cell_id: str) -> str:
    return f"=== cell {index}, id {cell_id}, what others changed of it ==="


def markdown_cell(*, index: int, cell_id: str, cell_type: str) -> str:
    return f"<!-- cell {index}, id {cell_id}, {cell_type} -->"


def markdown_cell_without_id(*, index: int, cell_type: str) -> str:
    return f"<!-- cell {index}, {cell_type} -->"


def markdown_run_cell(*, index: int, cell_id: str, cell_type: str, count: int) -> str:
    return f"<!-- cell {index}, id {cell_id}, {cell_type}, run as [{count}] -->"


def markdown_output(*, output: int, kind: str) -> str:
    return f"<!-- output {output}: {kind} -->"


def markdown_link(*, mime_type: str, uri: str) -> str:
    return f"<!-- {mime_type}: {uri} -->"


def markdown_cut(*, count: int, uri: str) -> str:
    return f"<!-- {count:,} characters of this output are left out; all of it: {uri} -->"


def output_link(*, output: int, mime_type: str) -> str:
    return f"output {output} ({mime_type})"


def image_broken() -> str:
    return "it cannot be decoded"


def image_off() -> str:
    return "this server sends no images"


def image_bytes(*, limit: int) -> str:
    return f"it has more than {limit:,} bytes"


def image_pixels(*, limit: int) -> str:
    return f"it has more than {limit:,} pixels"


def image_count(*, limit: int) -> str:
    return f"more than {limit} in one result"


def characters_left_out(*, count: int) -> str:
    return f"\n[... {count} characters left out ...]\n"


def edit_refused(*, number: int, op: str, message: str) -> str:
    return f"edits[{number}] ({op}): {message} No edit was made."


def restarting() -> str:
    return "a restart"


def stopping() -> str:
    return "a stop"


def applying_with_run() -> str:
    return "apply_edits with run"


def opening_with_create() -> str:
    return "use_notebook with mode create"


def opening_with_kernel_id() -> str:
    return "use_notebook with a kernel_id"


def opening_with_private_kernel() -> str:
    return "use_notebook with kernel private"


def opening_with_shared_kernel() -> str:
    return "use_notebook with kernel shared, after private,"


def releasing_with_stop() -> str:
    return "unuse_notebook with kernel stop"


def search_lines(*, limit: int) -> str:
    return f"it ended after {limit:,} lines that match"


def search_characters(*, limit: int) -> str:
    return f"it ended after {limit:,} characters"


def search_seconds(*, limit: float, left: int) -> str:
    return f"it ended after {limit:g} s, with {counted(left, 'notebook', 'notebooks')} to go"


def search_notebooks(*, limit: int) -> str:
    return f"there are more than {limit:,} notebooks"


def search_large(*, limit: int) -> str:
    return f"its file is larger than {limit} MB"


def unsearched_notebook(*, path: str, reason: str) -> str:
    return f"{path} ({reason})"


def no_jupyterlab() -> str:
    return "this Jupyter Server has no JupyterLab"


def may_not_write() -> str:
    return "saving one takes the scope write"


def workspace_not_written(*, reason: str) -> str:
    return f"it could not be saved: {reason}"


def workspace_unread(*, name: str, reason: str) -> str:
    return f"workspace {name!r}: {reason}"


def workspace_odd(*, name: str) -> str:
    return f"workspace {name!r}: it is no workspace, or too large"


def workspaces_unreadable(*, reason: str) -> str:
    return f"all workspaces: {reason}"


def workspaces_beyond(*, count: int, limit: int) -> str:
    return f"{counted(count, 'workspace', 'workspaces')} that were saved before the last {limit}"


def workspaces_not_listed() -> str:
    return "the workspaces beside the default one and those of jmcp: JupyterLab's list of all is too large, or one of them is broken"


def more_unread(*, count: int) -> str:
    return f"{count} more"


def no_answer_of_part(*, seconds: float) -> str:
    return f"It did not answer within {seconds:g} s."


def finding_invalid_cell(*, field: str, reason: str) -> str:
    return f"Not as nbformat says: {field}: {reason}"


def finding_invalid_notebook(*, field: str, reason: str) -> str:
    return f"The notebook is not as nbformat says: {field}: {reason}"


def finding_duplicate_id(*, cell_id: str, index: int) -> str:
    return f"It has the id {cell_id!r}, as the cell at index {index} has: the id names that one."


def finding_no_ids() -> str:
    return "The notebook's format (below 4.5) has no ids of cells; its first edit gives them."


def finding_out_of_order(*, count: int, index: int, above: int) -> str:
    return f"It ran as number {count}, before the cell at index {index} above it ({above})."


def finding_edited() -> str:
    return "It was edited since it ran; its outputs are those of what it held before."


def finding_failed(*, ename: str) -> str:
    return f"Its last run raised {ename}."


def finding_never_run() -> str:
    return "It has not run, and cells below it have."


def finding_kernel_gone(*, count: int) -> str:
    return f"{counted(count, 'cell shows', 'cells show')} results of a kernel that is gone."


def finding_syntax(*, version: str, problem: str) -> str:
    return f"It is not valid Python {version}: {problem}"


def finding_undefined(*, names: Sequence[str]) -> str:
    return f"No cell defines {listed(names, ', ')}."


def finding_defined_below(*, names: Sequence[str], index: int) -> str:
    return f"{listed(names, ', ')}: defined only below, first by the cell at index {index}."


def finding_deleted_above(*, index: int, names: Sequence[str]) -> str:
    return f"The cell at index {index} deletes {listed(names, ', ')} before."


def finding_definition_gone(*, names: Sequence[str]) -> str:
    return f"{listed(names, ', ')}: defined by a cell that is deleted since."


def finding_definition_changed(*, names: Sequence[str]) -> str:
    return f"{listed(names, ', ')}: defined by a cell whose source has changed since it ran."


def finding_without_cell(*, names: Sequence[str]) -> str:
    return f"{listed(names, ', ')}: defined by code that ran without a cell."


def finding_magic(*, magic: str) -> str:
    return f"Its names are not known: it begins with %%{magic}."


def finding_open_names() -> str:
    return "Which names it defines is not known (import *, %run); names that cells below it use are not checked."


def finding_long(*, limit: int) -> str:
    return f"Its names are not known: it has more than {limit:,} characters."


def finding_other_language(*, language: str) -> str:
    return f"Names are not checked: the notebook's language is {language}."


def finding_no_time(*, count: int, seconds: float) -> str:
    return f"Names of the last {counted(count, 'cell', 'cells')} are not checked: the others took {seconds:g} s."


def nested_too_deeply() -> str:
    return "it is nested too deeply"


def problem_in_line(*, problem: str, line: int) -> str:
    return f"{problem} in line {line}"


def no_input_in_scripts() -> str:
    return "Nobody can answer input() in a script."


def call_too_long(*, tool: str, size: int, limit: int) -> str:
    return f"The arguments of {tool} take {size:,} bytes, and a script can send {limit:,}. Write the data to a file, or send it in parts."


def script_timeout(*, seconds: float) -> str:
    return f"\nThe script was stopped after {seconds:g} s. What it called before that was done."


def script_kernel_died() -> str:
    return "\nThe kernel of the script died. What it called before that was done."


def installing(*, packages: Sequence[str]) -> str:
    return f"install_packages: {listed(packages, ', ', most=5)}"


def package(*, name: str, change: str, versions: Sequence[str]) -> str:
    return f"{name} {change} ({listed(versions, ' to ', none='no version')})"


def packages(*, packages: Sequence[str]) -> str:
    return f"{listed(packages, ', ', none='none')}"


def batch_code(*, done: int, total: int) -> str:
    return f"run_cells: {done} of {total} cells"


def image_description(*, number: int, mime_type: str) -> str:
    return f"Image of output {number} ({mime_type})"


def image_placeholder(*, mime_type: str, size: int) -> str:
    return f"[{mime_type}, {size} bytes of base64 in images]"


def image_not_shown(*, mime_type: str, reason: str) -> str:
    return f"[{mime_type}, not shown: {reason}]"


def image_room(*, limit: int) -> str:
    return f"its base64 has no room in one result, which has at most {limit:,} characters of it"


def html_placeholder() -> str:
    return "[HTML Output: read_cell shows it as text]"


def base64_placeholder(*, count: int) -> str:
    return f"[{count} characters of base64, not shown]"


def data_placeholder(*, mime_types: Sequence[str]) -> str:
    return f"[{listed(mime_types, ', ')}, not shown]"


def text_cut(*, limit: int, more: int) -> str:
    return f"\n[cut at {limit} characters; full_output=True shows up to {more}]"


def text_cut_full(*, limit: int) -> str:
    return f"\n[cut at {limit} characters; read_cell has the rest, in pages]"


def outputs_cut(*, count: int) -> str:
    return f"[no room for {counted(count, 'output', 'outputs')} more; read_cell has them]"


def cell_timed_out(*, seconds: float) -> str:
    return f"Interrupted after {seconds:g} s; the outputs are those so far"


def cell_ended(*, status: str) -> str:
    return f"The run ended as {status}"


def log_output(*, seconds: float, text: str) -> str:
    return f"[{seconds:.1f} s] {text}"


def log_progress(*, seconds: float, count: int) -> str:
    return f"[{seconds:.1f} s] running, {counted(count, 'output', 'outputs')} so far"


def log_queued(*, seconds: float, what: str) -> str:
    return f"[{seconds:.1f} s] waits for {what}"


def log_completed(*, seconds: float) -> str:
    return f"[{seconds:.1f} s] completed"


def log_failed(*, seconds: float, message: str) -> str:
    return f"[{seconds:.1f} s] failed: {message}"


def log_goes_on(*, seconds: float) -> str:
    return f"[{seconds:.1f} s] goes on"


def log_left_out(*, count: int) -> str:
    return f"[{counted(count, 'line', 'lines')} of this log left out here]"
