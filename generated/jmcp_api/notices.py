"""The sentence of each notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jmcp.core.wording import counted, listed, word


def session_opened() -> str:
    return "Another session of this client is open; this call opened one more."


def session_shared() -> str:
    return "Calls without session_id share one session on this server, with those of other clients and agents: any of them may make another notebook current, and what they change counts as changed by you, so no notice and no refusal tells you of it."


def notebook_opened(*, path: str) -> str:
    return f"{path} was opened for this call: it is the notebook that this server was told to open for calls without session_id."


def resumed_by_person() -> str:
    return "A person had paused this session and has resumed it: calls that change something are carried out again. Nothing that was refused meanwhile was done."


def undone_by_person(*, path: str, change_id: str, cells: Sequence[str]) -> str:
    return f"A person took back what this session had changed last in {path} (change {change_id}): {listed(cells, ', ', most=5)}."


def run_paused() -> str:
    return "A person paused this session before this ran: nothing of it ran."


def session_not_stored(*, reason: str) -> str:
    return f"What this call changed of the session is not stored yet ({reason}). The session goes on with it and storing is tried again; a restart of jmcp before that would lose it."


def memory_short(*, used: str, limit: str) -> str:
    return f"This Jupyter server and its kernels use {used} of the {limit} of memory that they may: when there is no more, a kernel ends and its variables are lost."


def outside_of_jupyter(*, url: str) -> str:
    return f"This jmcp works from outside of the Jupyter Server at {url}, which has no jmcp of its own. Reading, editing and running work as inside of it. What does not: people see in JupyterLab neither which agents are at work nor where, cannot pause them or take back there what they did, and get_user_context and show_in_lab reach no page."


def notebook_moved(*, old: str, new: str) -> str:
    return f"{old} is now {new}."


def workspace_not_saved(*, reason: str) -> str:
    return f"No workspace of JupyterLab shows it alone ({reason}): the URL opens it beside the tabs that the person has."


def conversation_exists(*, path: str) -> str:
    return f"{path} was there already, and is as it was: title, initial_content and template were not used."


def cells_changed(*, cells: Sequence[str]) -> str:
    return f"Others changed cells that this session had read: {listed(cells, ', ', most=5)}. Read them again before you rely on them."


def cells_deleted(*, cells: Sequence[str]) -> str:
    return f"Others deleted cells that this session had read or listed: {listed(cells, ', ', most=5)}. The cells below have other indices now."


def cells_inserted(*, cells: Sequence[str]) -> str:
    return f"Others inserted cells: {listed(cells, ', ', most=5)}. The cells below have other indices now."


def cells_moved(*, cells: Sequence[str]) -> str:
    return f"Others moved cells: {listed(cells, ', ', most=5)}. These and the cells between have other indices now."


def cell_elsewhere(*, index: int, now: int) -> str:
    return f"Index {index} is another cell now: the one that this session saw there is at index {now} now."


def cell_gone(*, index: int) -> str:
    return f"Index {index} is another cell now: the one that this session saw there is gone."


def source_changed(*, cells: Sequence[str]) -> str:
    return f"What runs is not what this session read: others have changed {listed(cells, ', ', most=5)} since. read_cell has the source."


def kernel_started() -> str:
    return "A kernel was started for this notebook."


def kernel_restarted() -> str:
    return "The kernel was restarted: all variables were lost."


def kernel_uncertain() -> str:
    return "jmcp was restarted since this session's last run and cannot tell whether the kernel was too: check a variable before relying on any."


def private_kernel_stopped() -> str:
    return "The session's private kernel was stopped: all its variables were lost. From now on the session uses the notebook's own kernel."


def cell_ids_given() -> str:
    return "nbformat_minor was raised to 5 and the cells were given ids: cells can be addressed by cell_id from now on."


def outputs_not_kept(*, cell_id: str, count: int) -> str:
    return f"Cell {cell_id} is back without {counted(count, 'output', 'outputs')} of it, too long to be kept."


def opened_by_journal(*, reason: str) -> str:
    return f"Compared with the notebook as it is without the changes of jmcp since this session opened it: {reason}. What others changed since counts as having been there."


def changes_not_known(*, reason: str) -> str:
    return f"What others than jmcp changed is only known of cells that this session has read: {reason}."


def outputs_beyond_undo(*, cells: Sequence[str]) -> str:
    return f"Too long to be kept for undo_change: the outputs of {listed(cells, ', ', most=5)}."


def cell_ids_repeated(*, ids: Sequence[str]) -> str:
    return f"Several cells share one id; it names the first of them: {listed(ids, ', ')}."


def document_reloaded() -> str:
    return "The file was changed on disk by another program, and the live document was reloaded from it: edits that were not saved yet are gone, except those that a notice says were recovered. Read the cells again before editing."


def file_merged() -> str:
    return "The file was changed on disk by another program, and what it changed is in the live document now. What was not saved yet is there as well. Read the cells again before editing."


def texts_collided(*, cells: Sequence[str]) -> str:
    return f"The same lines of cells were changed in the live document and elsewhere: by another program in the file, or in a tab that was away. Both texts are kept, the one from elsewhere in a cell of its own right below: {listed(cells, ', ', most=5)}."


def fields_changed(*, changes: Sequence[str]) -> str:
    return f"The live document changes more of the file than this edit: {listed(changes, '; ')}."


def file_changed() -> str:
    return "The file changed on disk since jmcp last read it. Read the cells again before editing."


def tab_not_updated(*, path: str) -> str:
    return f'{path!r} is open in a browser, where nothing of what is done here shows until it is reloaded (File > Reload Notebook from Disk): this Jupyter has no live collaboration. When that tab saves, it asks "File Changed": Overwrite throws away what was done here, Revert what was typed there.'


def open_elsewhere(*, path: str) -> str:
    return f'{path!r} is also open in a page that does not take part in the live document: nothing of what is done here shows there until it is reloaded (F5). When that page saves, it asks "File Changed": after Overwrite, what was done here is put back and a notice says so; after Revert, what was typed there is gone.'


def file_not_written(*, reason: str) -> str:
    return f"The file could not be written ({reason}): the live document has all edits, the file does not, and saving is tried again. Until this notice ends, a restart of Jupyter loses what only the document has: remove the reason, or tell the person."


def edit_not_recorded(*, reason: str) -> str:
    return f"The edit is in the live document, but neither in the file nor in the change journal yet ({reason}): a crash before the next save would lose it."


def edits_recovered(*, count: int, edits: Sequence[str]) -> str:
    return f"Recovered {counted(count, 'edit', 'edits')} that Jupyter had not saved when it stopped or reloaded the file: {listed(edits, ', ', most=5)}."


def edit_not_recovered(*, subject: str, verb: str, time: str, number: int) -> str:
    return f"An edit that Jupyter had not saved was not made again, because the notebook has changed there since: {subject} had been {verb} at {time} (change {number})."


def text_not_recovered(*, subject: str, verb: str, time: str, number: int, text: str) -> str:
    return f"An edit that Jupyter had not saved was not made again, because the notebook has changed there since: {subject} had been {verb} at {time} (change {number}). Its text was:\n{text}"


def edit_overwritten(*, subject: str, verb: str, time: str, number: int) -> str:
    return f'An edit is no longer in the file: {subject} had been {verb} at {time} (change {number}), and since then somebody has written the file as it was before, as a browser tab does when its "File Changed" is answered with Overwrite.'


def text_overwritten(*, subject: str, verb: str, time: str, number: int, text: str) -> str:
    return f'An edit is no longer in the file: {subject} had been {verb} at {time} (change {number}), and since then somebody has written the file as it was before, as a browser tab does when its "File Changed" is answered with Overwrite. The text was:\n{text}'


def edits_put_back(*, path: str, count: int, edits: Sequence[str]) -> str:
    return f'Somebody saved {path!r} over it, from a page that did not show what was done here (Overwrite, asked "File Changed"). {counted(count, "edit is", "edits are")} in the notebook again, beside what they changed: {listed(edits, ", ", most=5)}. That page still shows none of it.'


def text_replaced(*, subject: str, verb: str, time: str, number: int, text: str) -> str:
    return f"An edit is gone: {subject} had been {verb} at {time} (change {number}), and a person who did not see that has changed the same cell and saved it over it. The cell has the person's text. Yours was:\n{text}"


def run_goes_on() -> str:
    return "jmcp leaves this Jupyter Server now, and the run goes on in its kernel: once jmcp works there again, get_execution has it and its cell its outputs."


def run_ends() -> str:
    return "Jupyter stops now and its kernels with it: this run ends unfinished. What it put out so far is in its cell."


def run_left() -> str:
    return "jmcp stopped while this ran; the kernel goes on with it."


def run_not_begun() -> str:
    return "jmcp stopped before this ran."


def run_outlived() -> str:
    return "Not run: the kernel's process ended after this was submitted, and with it all variables. Run it again if it still fits."


def run_dropped_by_restart() -> str:
    return "The kernel was restarted before this run began. Run it again if it still fits."


def runs_dropped(*, count: int) -> str:
    return f"{counted(count, 'waiting run was', 'waiting runs were')} dropped."


def run_abandoned() -> str:
    return "Its caller left."


def run_withdrawn() -> str:
    return "It did not begin within the time of its call, and was taken out of the queue."


def run_failed() -> str:
    return "The execution failed inside jmcp; see its log."


def run_timed_out(*, seconds: float) -> str:
    return f"Interrupted after {seconds:g} s."


def run_put_out_too_much() -> str:
    return "Interrupted, because it put out more than is kept of one run."


def interrupt_ignored(*, seconds: float) -> str:
    return f"The kernel ignored the interrupt for {seconds:g} s and is still busy with this code. Restart the kernel."


def interrupted_unsent() -> str:
    return "Interrupted before the kernel had it: nothing of this ran."


def kernel_stuck() -> str:
    return "Not run: the kernel still runs code that ignored an interrupt. Restart the kernel."


def contact_lost() -> str:
    return "jmcp lost contact with the kernel while this ran: outputs may be missing, and the code may still run. Check what it did before running it again."


def outputs_dropped() -> str:
    return "Outputs of this run are missing: they came faster than they could be passed on, and the kernel or Jupyter Server dropped them. Print less or write to a file. The server's own limits are its settings ZMQChannelsWebsocketConnection.iopub_data_rate_limit and iopub_msg_rate_limit."


def outputs_not_received() -> str:
    return "Outputs of this run are missing: the kernel made messages that did not come. Either it printed faster than it could be passed on, or it put out what cannot be sent: text with half a surrogate pair, a number that is not JSON."


def outputs_left_out(
    *, text_limit: int, data_limit: int, outputs_limit: int, characters: int, outputs: int
) -> str:
    return f"This run put out more than is kept of one ({text_limit:,} characters of text, {data_limit:,} bytes and {outputs_limit:,} of all outputs): {characters:,} characters and {counted(outputs, 'output', 'outputs')} from its middle are neither here nor in the notebook."


def error_not_sent() -> str:
    return "The kernel could not send this error as it is, as happens with lone surrogates in a message: its own name, message and traceback may be missing."


def outputs_forgotten() -> str:
    return "jmcp no longer keeps these outputs."


def outputs_only_in_notebook() -> str:
    return "jmcp no longer keeps these outputs; the notebook has them."


def outputs_not_written(*, reason: str) -> str:
    return f"The outputs may not be in the notebook: {reason}"


def outputs_uncertain() -> str:
    return "The outputs may not be in the notebook; see jmcp's log."


def outputs_incomplete() -> str:
    return "Some outputs did not reach the notebook."


def images_left_out(*, count: int, reasons: Sequence[str]) -> str:
    return f"{counted(count, 'image is', 'images are')} not shown here ({listed(reasons, '; ')}); the notebook has {word(count, 'it', 'them')}."


def outputs_not_shown(*, head: int, tail: int, count: int, limit: int) -> str:
    return f"Shown are the first {head} and the last {tail} of {count} outputs: {limit} is the limit of one result."


def cell_outputs_not_shown(*, count: int, cells: Sequence[str]) -> str:
    return f"The outputs of {counted(count, 'cell is', 'cells are')} not shown, because those before them fill this result: {listed(cells, ', ', most=5)}."


def search_cut(*, reasons: Sequence[str]) -> str:
    return f"Not all was searched: {listed(reasons, '; ')}."


def notebooks_not_searched(*, count: int, notebooks: Sequence[str]) -> str:
    return f"{counted(count, 'notebook was', 'notebooks were')} not searched: {listed(notebooks, '; ', most=5)}."


def notebook_busy() -> str:
    return "The notebook is still being written."


def run_cell_deleted() -> str:
    return "The cell was deleted while this ran; its outputs are only in this execution."


def source_set_by_run(*, cell: str) -> str:
    return f"The code replaced the source of its cell, {cell}, as %load does."


def cell_added_by_run(*, cell: str, index: int) -> str:
    return f"The code asked for a next input, which is in a new cell: {cell}, at index {index}."


def next_input_not_put(*, reason: str) -> str:
    return f"The code asked for text in a cell, which the notebook did not take: {reason} The text is in the outputs."


def run_cell_taken() -> str:
    return "Somebody ran the cell again while this ran: it shows that run, and what this one put out from then on is only in this execution."


def earlier_outputs_lost() -> str:
    return "What it printed before jmcp was started anew is lost: it belongs to no cell."


def earlier_outputs_incomplete() -> str:
    return (
        "jmcp ended abruptly while this ran: what the code printed in that moment may be missing."
    )


def run_cell_gone() -> str:
    return "The cell is gone; what this prints is only in this execution."


def run_not_written(*, reason: str) -> str:
    return f"The outputs are only in this execution: {reason}"


def run_not_heard(*, reason: str) -> str:
    return f"jmcp could not listen to this run again: {reason}"


def installation_stopped() -> str:
    return "The installer was stopped before its end; the packages are listed as they are now."


def installer_missing() -> str:
    return "The kernel's interpreter has no pip, and there is no uv."


def environment_managed() -> str:
    return "The operating system manages the kernel's Python and lets nobody else install into it."


def packages_not_found(*, packages: Sequence[str]) -> str:
    return f"Nothing was found for {listed(packages, ', ', most=5)}: no such package, no such version, or none for this Python."


def packages_not_seen(*, packages: Sequence[str]) -> str:
    return f"The installer succeeded, but the kernel has no {listed(packages, ', ', most=5)}: a marker excludes it here, or it went to a folder that the kernel does not import from."


def kernel_restart_needed(*, modules: Sequence[str]) -> str:
    return f"The kernel had imported {listed(modules, ', ', most=20)} before that changed, and goes on with the old code."


def batch_interrupted() -> str:
    return "The batch was interrupted before this ran."


def batch_paused() -> str:
    return "A person paused this session: what was left of the batch was not run."


def batch_ended(*, reason: str) -> str:
    return f"The batch ended early: {reason}"


def batch_failed() -> str:
    return "The batch failed inside jmcp; see its log."


def batch_outlived() -> str:
    return "The kernel was restarted between two cells."


def edits_not_run(*, reason: str) -> str:
    return f"The edits were made, but nothing was run: {reason}"


def cell_not_run(*, reason: str) -> str:
    return f"A cell could not be run: {reason}"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "session_opened": session_opened,
    "session_shared": session_shared,
    "notebook_opened": notebook_opened,
    "resumed_by_person": resumed_by_person,
    "undone_by_person": undone_by_person,
    "run_paused": run_paused,
    "session_not_stored": session_not_stored,
    "memory_short": memory_short,
    "outside_of_jupyter": outside_of_jupyter,
    "notebook_moved": notebook_moved,
    "workspace_not_saved": workspace_not_saved,
    "conversation_exists": conversation_exists,
    "cells_changed": cells_changed,
    "cells_deleted": cells_deleted,
    "cells_inserted": cells_inserted,
    "cells_moved": cells_moved,
    "cell_elsewhere": cell_elsewhere,
    "cell_gone": cell_gone,
    "source_changed": source_changed,
    "kernel_started": kernel_started,
    "kernel_restarted": kernel_restarted,
    "kernel_uncertain": kernel_uncertain,
    "private_kernel_stopped": private_kernel_stopped,
    "cell_ids_given": cell_ids_given,
    "outputs_not_kept": outputs_not_kept,
    "opened_by_journal": opened_by_journal,
    "changes_not_known": changes_not_known,
    "outputs_beyond_undo": outputs_beyond_undo,
    "cell_ids_repeated": cell_ids_repeated,
    "document_reloaded": document_reloaded,
    "file_merged": file_merged,
    "texts_collided": texts_collided,
    "fields_changed": fields_changed,
    "file_changed": file_changed,
    "tab_not_updated": tab_not_updated,
    "open_elsewhere": open_elsewhere,
    "file_not_written": file_not_written,
    "edit_not_recorded": edit_not_recorded,
    "edits_recovered": edits_recovered,
    "edit_not_recovered": edit_not_recovered,
    "text_not_recovered": text_not_recovered,
    "edit_overwritten": edit_overwritten,
    "text_overwritten": text_overwritten,
    "edits_put_back": edits_put_back,
    "text_replaced": text_replaced,
    "run_goes_on": run_goes_on,
    "run_ends": run_ends,
    "run_left": run_left,
    "run_not_begun": run_not_begun,
    "run_outlived": run_outlived,
    "run_dropped_by_restart": run_dropped_by_restart,
    "runs_dropped": runs_dropped,
    "run_abandoned": run_abandoned,
    "run_withdrawn": run_withdrawn,
    "run_failed": run_failed,
    "run_timed_out": run_timed_out,
    "run_put_out_too_much": run_put_out_too_much,
    "interrupt_ignored": interrupt_ignored,
    "interrupted_unsent": interrupted_unsent,
    "kernel_stuck": kernel_stuck,
    "contact_lost": contact_lost,
    "outputs_dropped": outputs_dropped,
    "outputs_not_received": outputs_not_received,
    "outputs_left_out": outputs_left_out,
    "error_not_sent": error_not_sent,
    "outputs_forgotten": outputs_forgotten,
    "outputs_only_in_notebook": outputs_only_in_notebook,
    "outputs_not_written": outputs_not_written,
    "outputs_uncertain": outputs_uncertain,
    "outputs_incomplete": outputs_incomplete,
    "images_left_out": images_left_out,
    "outputs_not_shown": outputs_not_shown,
    "cell_outputs_not_shown": cell_outputs_not_shown,
    "search_cut": search_cut,
    "notebooks_not_searched": notebooks_not_searched,
    "notebook_busy": notebook_busy,
    "run_cell_deleted": run_cell_deleted,
    "source_set_by_run": source_set_by_run,
    "cell_added_by_run": cell_added_by_run,
    "next_input_not_put": next_input_not_put,
    "run_cell_taken": run_cell_taken,
    "earlier_outputs_lost": earlier_outputs_lost,
    "earlier_outputs_incomplete": earlier_outputs_incomplete,
    "run_cell_gone": run_cell_gone,
    "run_not_written": run_not_written,
    "run_not_heard": run_not_heard,
    "installation_stopped": installation_stopped,
    "installer_missing": installer_missing,
    "environment_managed": environment_managed,
    "packages_not_found": packages_not_found,
    "packages_not_seen": packages_not_seen,
    "kernel_restart_needed": kernel_restart_needed,
    "batch_interrupted": batch_interrupted,
    "batch_paused": batch_paused,
    "batch_ended": batch_ended,
    "batch_failed": batch_failed,
    "batch_outlived": batch_outlived,
    "edits_not_run": edits_not_run,
    "cell_not_run": cell_not_run,
}
"""By code. What a notice carries are the arguments."""
