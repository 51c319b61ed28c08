"""Parts of sentences, and what else a client reads."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.wording import counted, listed


def of_notebook(*, notebook_path: str) -> str:
    return f"{notebook_path}"


def of_session(*, session_id: str) -> str:
    return f"{session_id}"


def of_document(*, document: str) -> str:
    return f"{document}"


def notice_line(*, code: str, message: str) -> str:
    return f"{code}: {message}"


def error_lines(*, message: str, code: str) -> str:
    return f"{message} ({code})"


def of_cell(*, index: int, message: str) -> str:
    return f"{index}: {message}"


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
    return f"cell at {index}"


def code_of_others() -> str:
    return "others"


def code_since(*, what: str, since: str, seconds: float) -> str:
    return f"{what} {since} {seconds:.0f}"


def code_last_heard(*, what: str, at: str) -> str:
    return f"{what} {at}"


def confirm_question(*, action: str, path: str, others: Sequence[str]) -> str:
    return f"{action} {path} {listed(others, '; ')}"


def queued_progress(*, what: str, seconds: float) -> str:
    return f"{what} {seconds:.0f}"


def waits_for_kernel() -> str:
    return "kernel"


def waits_for_others() -> str:
    return "others"


def waits_for_user() -> str:
    return "user"


def waits_for_session(*, session: str) -> str:
    return f"{session}"


def waits_for_run(*, execution_id: str) -> str:
    return f"{execution_id}"


def batch_progress(*, status: str, done: int, total: int) -> str:
    return f"{status} {done} {total}"


def batch_progress_at(*, status: str, done: int, total: int, index: int) -> str:
    return f"{status} {done} {total} {index}"


def batch_progress_shown(*, status: str, done: int, total: int, index: int, line: str) -> str:
    return f"{status} {done} {total} {index} {line}"


def contact_lost_mark() -> str:
    return "lost"


def no_more_mark(*, characters: int) -> str:
    return f"{characters:,}"


def leaving_out_mark() -> str:
    return "[jmcp leaves out what comes here: the run puts out more than is kept of one; its end follows when it is over]\n"


def left_out_mark(*, characters: int, outputs: int) -> str:
    return f"[jmcp left out {characters:,} characters and {counted(outputs, 'output', 'outputs')} here: more than is kept of one run]\n"


def seconds_left(*, seconds: float) -> str:
    return f"{seconds:.1f} s left"


def journal_full() -> str:
    return "full"


def session_row(*, session_id: str, notebook_path: str, last_used: str) -> str:
    return f"{session_id} {notebook_path} {last_used}"


def activity_of_all() -> str:
    return "all"


def taking_back() -> str:
    return "back"


def person_unknown_session() -> str:
    return "Gone."


def person_state_unavailable(*, reason: str) -> str:
    return f"Out of reach: {reason}."


def person_nothing_to_undo() -> str:
    return "Nothing."


def person_undo_refused(*, cells: Sequence[str]) -> str:
    return f"Not {listed(cells, ', ')}."


def person_cell_changed(*, index: int) -> str:
    return f"{index} changed"


def person_cell_there(*, index: int) -> str:
    return f"{index} there"


def person_cell_runs(*, index: int) -> str:
    return f"{index} runs"


def person_cell_gone(*, cell_id: str) -> str:
    return f"{cell_id} gone"


def tool_unknown(*, name: str) -> str:
    return f"no {name}"


def tool_misspelt(*, name: str, near: str) -> str:
    return f"{name} is {near}"


def argument_required(*, name: str) -> str:
    return f"{name} is required"


def argument_unknown(*, name: str, tool: str, known: Sequence[str]) -> str:
    return f"{name} of {tool} is none of {listed(known, ', ', none='none')}"


def argument_misspelt(*, name: str, tool: str, near: str) -> str:
    return f"{name} of {tool} is {near}"


def argument_refused(*, name: str, reason: str) -> str:
    return f"{name} {reason}"


def argument_repeats(*, name: str) -> str:
    return f"{name} repeats"


def argument_twice(*, given: str, name: str) -> str:
    return f"{given} is {name}"


def none_of(*, names: Sequence[str]) -> str:
    return f"none of {listed(names, ' or ')}"


def belongs_in_body(*, name: str) -> str:
    return f"{name} to the body"


def belongs_in_query(*, name: str) -> str:
    return f"{name} to the query"


def is_in_path(*, name: str) -> str:
    return f"{name} in the path"


def not_a_tag(*, header: str, value: str) -> str:
    return f"{header}: {value!r} is no tag"


def weak_tags() -> str:
    return "weak"


def no_condition(*, method: str, header: str) -> str:
    return f"{method} does not go by {header}"


def prompt_unknown(*, name: str, known: Sequence[str]) -> str:
    return f"{name}, {listed(known, ', ')}"


def never_changes(*, uri: str) -> str:
    return f"{uri}"


def prompt_lacks(*, name: str, missing: Sequence[str]) -> str:
    return f"{name} {listed(missing, ', ')}"


def prompt_knows(*, name: str, known: Sequence[str], given: Sequence[str]) -> str:
    return f"{name} {listed(known, ', ')} {listed(given, ', ')}"


def cursor_unknown() -> str:
    return "no cursor"


def request_state_unknown() -> str:
    return "no state"


def template_unknown(*, uri: str, known: Sequence[str]) -> str:
    return f"{uri} {listed(known, ', ')}"


def tool_not_shown(*, name: str, toolset: str) -> str:
    return f"{name} {toolset}"


def call_not_sent(*, tool: str, reason: str) -> str:
    return f"{tool} was not sent: {reason}."


def call_lost(*, tool: str, reason: str) -> str:
    return f"{tool} was lost: {reason}."


def reading_lost(*, tool: str, reason: str) -> str:
    return f"{tool} was lost: {reason}, and changes nothing."


def call_refused(*, tool: str, url: str, status: int, reason: str) -> str:
    return f"{tool} was refused by {url} with {status}: {reason}"


def answer_unreadable(*, tool: str, reason: str) -> str:
    return f"The answer to {tool} cannot be read: {reason}."


def left_out(*, count: int) -> str:
    return f"{count} left out"
