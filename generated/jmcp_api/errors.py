"""Every error that a tool can raise. Each has a constructor for each of its sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from jmcp.core.errors import ToolError
from jmcp.core.wording import counted, listed, word


class InvalidArguments(ToolError):
    """The arguments do not fit the tool's schema."""

    code = "invalid_arguments"
    http = 400
    fault = "client"
    retry = "never"

    @classmethod
    def refused(cls, *, tool: str, shown: str, problems: Sequence[str]) -> Self:
        return cls(f"{tool}: {shown}", problems=problems)

    @classmethod
    def refused_with_more(
        cls, *, tool: str, shown: str, more: int, problems: Sequence[str]
    ) -> Self:
        return cls(f"{tool}: {shown}; and {more} more.", problems=problems)

    @classmethod
    def reserved(cls, *, session_id: str, param: str) -> Self:
        return cls(f"session_id: {session_id!r} is reserved.", param=param)

    @classmethod
    def misplaced(cls, *, shown: Sequence[str]) -> Self:
        return cls(f"{listed(shown, '; ')}.")

    @classmethod
    def nothing_to_delete(cls, *, session_id: str) -> Self:
        return cls(f"{session_id} names no session; DELETE needs its id.")

    @classmethod
    def repeated_cells(cls, *, param: str) -> Self:
        return cls(
            f"delete_cell: {param} names a cell twice; nothing was deleted. Name each cell once."
        )

    @classmethod
    def disagree(
        cls, *, index_param: str, index: int, id_param: str, cell_id: str, now: int
    ) -> Self:
        return cls(
            f"{index_param} {index} and {id_param} {cell_id!r} do not agree: by its id that is {now}. Nothing was done; give one of the two."
        )

    @classmethod
    def disagree_on_cells(cls) -> Self:
        return cls(
            "cell_indices and cell_ids name different cells; nothing was done. Give one of the two."
        )

    @classmethod
    def edit_lacks(cls, *, number: int, op: str, missing: Sequence[str]) -> Self:
        return cls(
            f"edits[{number}] ({op}): {listed(missing, ', ')} must be given. No edit was made."
        )

    @classmethod
    def edit_has_both(cls, *, number: int, op: str) -> Self:
        return cls(
            f"edits[{number}] ({op}): after and before are both given; give one. No edit was made."
        )

    @classmethod
    def edit_has_more(cls, *, number: int, op: str, more: Sequence[str]) -> Self:
        return cls(
            f"edits[{number}] ({op}): {listed(more, ', ')} cannot be given for it. No edit was made."
        )

    @classmethod
    def edit_name_taken(cls, *, number: int, op: str, name: str) -> Self:
        return cls(
            f"edits[{number}] ({op}): {name!r} is the id of a cell or the name of another one. No edit was made."
        )

    @classmethod
    def not_a_requirement(cls, *, number: int, text: str, reason: str) -> Self:
        return cls(
            f"packages[{number}] is not a requirement: {text!r} ({reason}). Nothing was installed. Give each as pip has it, as in numpy or pandas>=2.2; options of the installer cannot be given.",
            number=number,
        )

    @classmethod
    def export_suffix(cls, *, path: str, suffix: str) -> Self:
        return cls(
            f"path: {path!r} does not end in .{suffix}, as a file of that format does. Nothing was written."
        )

    @classmethod
    def end_before_start(cls, *, last: int, first: int) -> Self:
        return cls(f"run_cells: end_index {last} is before the start, {first}.")


class SessionRequired(ToolError):
    """No session_id was given and it is not clear which session is meant."""

    code = "session_required"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def none_open(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            "This call needs a session_id. You have no session: call use_notebook and pass the session_id it returns.",
            sessions=sessions,
        )

    @classmethod
    def several_open(cls, *, known: Sequence[str], sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            f"This call needs a session_id. Your sessions: {listed(known, '; ')}. Pass one of these, or call use_notebook.",
            sessions=sessions,
        )

    @classmethod
    def none_shared(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            "No notebook is open in the session of calls without session_id. Call use_notebook.",
            sessions=sessions,
        )

    @classmethod
    def not_opened(cls, *, path: str, reason: str, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            f"{path!r}, which this server is to open for calls without session_id, was not opened: {reason} Call use_notebook.",
            sessions=sessions,
        )


class SessionNotFound(ToolError):
    """No live session of this caller has that id."""

    code = "session_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def none_open(cls, *, sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            "No live session of yours has that session_id. You have no session: call use_notebook and pass the session_id it returns.",
            sessions=sessions,
        )

    @classmethod
    def several_open(cls, *, known: Sequence[str], sessions: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            f"No live session of yours has that session_id. Your sessions: {listed(known, '; ')}. Pass one of these, or call use_notebook.",
            sessions=sessions,
        )


class NotPermitted(ToolError):
    """The caller's token, or this server, does not allow that."""

    code = "not_permitted"
    http = 403
    fault = "client"
    retry = "never"

    @classmethod
    def tool(
        cls, *, tool: str, tools: Sequence[str], needs: str | None, scopes: Sequence[str]
    ) -> Self:
        return cls(
            f"This server does not allow {tool}. You may call: {listed(tools, ', ', none='nothing')}.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )

    @classmethod
    def read_only(
        cls, *, what: str, needs: str, tools: Sequence[str], scopes: Sequence[str]
    ) -> Self:
        return cls(
            f"This server is read-only, and {what} needs the scope {needs}. You may call: {listed(tools, ', ', none='nothing')}.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )

    @classmethod
    def scope(
        cls,
        *,
        what: str,
        needs: str,
        given: Sequence[str],
        tools: Sequence[str],
        scopes: Sequence[str],
    ) -> Self:
        return cls(
            f"{what} needs the scope {needs}, and your token has {listed(given, ', ', none='none')}. Ask whoever gave it to you for one with {needs}. You may call: {listed(tools, ', ', none='nothing')}.",
            needs=needs,
            scopes=scopes,
            tools=tools,
        )


class RateLimited(ToolError):
    """Too many calls in a short time; Retry-After says when to go on."""

    code = "rate_limited"
    http = 429
    fault = "client"
    retry = "later"

    @classmethod
    def caller(cls, *, rate: float, retry_after: float) -> Self:
        return cls(
            f"Too many calls of this caller: {rate:g} a second is the limit. Nothing was done; call again in {retry_after:g} s.",
            retry_after=retry_after,
        )

    @classmethod
    def session(cls, *, rate: float, retry_after: float) -> Self:
        return cls(
            f"Too many calls of this session: {rate:g} a second is the limit. Nothing was done; call again in {retry_after:g} s.",
            retry_after=retry_after,
        )


class PausedByPerson(ToolError):
    """A person has paused the session: it changes nothing until the person resumes it; reading goes on."""

    code = "paused_by_person"
    http = 409
    fault = "client"
    retry = "later"

    @classmethod
    def session(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls(
            "A person has paused this session, so this did nothing: until the person resumes it, no call changes or runs anything here. Reading goes on (read_notebook, read_cell, get_execution), and so does interrupt_kernel. Say what you were about to do and wait until the person says that you may go on; do not try another way.",
            notebook_paths=notebook_paths,
        )

    @classmethod
    def opening(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls(
            f"A person has paused the session that works in {listed(notebook_paths, ', ', most=5)}, so this did nothing: until the person resumes it, no other session opens that notebook. Tell the person that it is paused, and wait; the paused session can go on reading.",
            notebook_paths=notebook_paths,
        )

    @classmethod
    def client(cls, *, notebook_paths: Sequence[str]) -> Self:
        return cls(
            f"A person has paused a session of this client (in {listed(notebook_paths, ', ', most=5)}), so this did nothing: until the person resumes it, nothing is run here that could change anything there. Calls in a session that is not paused are carried out. Say what you were about to do and wait until the person says that you may go on.",
            notebook_paths=notebook_paths,
        )


class SessionLimit(ToolError):
    """The caller has too many sessions, notebooks, runs or subscriptions."""

    code = "session_limit"
    http = 429
    fault = "client"
    retry = "later"

    @classmethod
    def sessions(cls, *, count: int, limit: int) -> Self:
        return cls(
            f"You have {count} sessions, and the limit is {limit}. Call unuse_notebook on one first."
        )

    @classmethod
    def notebooks(cls, *, limit: int) -> Self:
        return cls(
            f"This session holds {limit} notebooks, which is the limit. Call unuse_notebook on one first."
        )

    @classmethod
    def subscriptions(cls, *, limit: int) -> Self:
        return cls(
            f"{limit} resources are watched for changes, which is the limit. Unsubscribe from one first."
        )

    @classmethod
    def followers(cls, *, limit: int) -> Self:
        return cls(
            f"You follow what goes on with {limit} streams, which is the limit. Close one first."
        )

    @classmethod
    def scripts(cls, *, limit: int) -> Self:
        return cls(
            f"{limit} of your scripts are running, which is the limit. Nothing was run: wait until one has ended."
        )

    @classmethod
    def runs(cls, *, limit: int) -> Self:
        return cls(
            f"This session has {limit} runs that go on or wait, which is the limit. Nothing was run. Wait for one with get_execution, or end what runs with interrupt_kernel."
        )


class NotebookNotOpen(ToolError):
    """The session does not hold that notebook."""

    code = "notebook_not_open"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def not_held(cls, *, asked: str, notebooks: Sequence[str]) -> Self:
        return cls(
            f"This session does not hold {asked}; it holds {listed(notebooks, ', ', none='none')}. Call use_notebook with this session_id and the notebook_path to open it.",
            notebooks=notebooks,
        )

    @classmethod
    def no_current(cls, *, notebooks: Sequence[str]) -> Self:
        return cls(
            f"This session does not hold a current notebook; it holds {listed(notebooks, ', ', none='none')}. Call use_notebook with this session_id and the notebook_path to open it.",
            notebooks=notebooks,
        )


class NotebookNotFound(ToolError):
    """No notebook at that path."""

    code = "notebook_not_found"
    http = 404
    fault = "client"
    retry = "never"


class NotebookInvalid(ToolError):
    """The file is not a valid notebook."""

    code = "notebook_invalid"
    http = 409
    fault = "client"
    retry = "never"


class NotebookTooLarge(ToolError):
    """The notebook is larger than the limit."""

    code = "notebook_too_large"
    http = 409
    fault = "client"
    retry = "never"


class ResourceTooLarge(ToolError):
    """It is larger than what is read in one piece."""

    code = "resource_too_large"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def notebook(cls, *, uri: str, size: int, limit: int) -> Self:
        return cls(
            f"{uri!r} would have {size:,} characters or more, and the limit is {limit:,}. read_notebook reads it in pages, and each cell has a URI of its own.",
            uri=uri,
            size=size,
            limit=limit,
        )

    @classmethod
    def output(cls, *, uri: str, size: int, limit: int) -> Self:
        return cls(
            f"{uri!r} has {size:,} bytes, and the limit is {limit:,}. read_cell pages through text with start and limit; other data code can write to a file.",
            uri=uri,
            size=size,
            limit=limit,
        )


class CellTooLarge(ToolError):
    """The source would be larger than a cell may be."""

    code = "cell_too_large"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def source(cls, *, size_characters: int, limit_characters: int) -> Self:
        return cls(
            f"The cell would have {size_characters:,} characters; the limit is {limit_characters:,}. Nothing was done: split it into several cells, or write the data to a file.",
            size_characters=size_characters,
            limit_characters=limit_characters,
        )


class PathRefused(ToolError):
    """The path is outside the server's folder, hidden, or not a notebook."""

    code = "path_refused"
    http = 403
    fault = "client"
    retry = "never"


class WriteRefused(ToolError):
    """The document did not take the edit; nothing was changed."""

    code = "write_refused"
    http = 409
    fault = "server"
    retry = "later"


class StateUnavailable(ToolError):
    """What jmcp keeps of sessions cannot be read or written just now; nothing was done."""

    code = "state_unavailable"
    http = 503
    fault = "server"
    retry = "later"

    @classmethod
    def not_begun(cls, *, reason: str, tool: str) -> Self:
        return cls(
            f"jmcp cannot reach what it keeps of sessions ({reason}). Nothing was done: call {tool} again in a moment, and tell the person if it stays so."
        )


class KernelspecNotFound(ToolError):
    """The notebook's or the call's kernelspec is not installed."""

    code = "kernelspec_not_found"
    http = 409
    fault = "client"
    retry = "never"


class KernelUnavailable(ToolError):
    """The kernel is dead or did not start."""

    code = "kernel_unavailable"
    http = 503
    fault = "server"
    retry = "later"


class KernelUnable(ToolError):
    """The notebook's kernel does not do that."""

    code = "kernel_unable"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def install_packages(cls, *, kernel_name: str, language: str) -> Self:
        return cls(
            f"The kernel {kernel_name!r} is one of {language}; packages can be installed for kernels of Python. execute_code can ask it in its own language.",
            kernel_name=kernel_name,
        )

    @classmethod
    def install_packages_unanswered(cls, *, kernel_name: str) -> Self:
        return cls(
            f"The kernel {kernel_name!r} evaluates no expressions, so nothing was installed. execute_code with %pip may do it.",
            kernel_name=kernel_name,
        )

    @classmethod
    def scripts_language(cls, *, kernel_name: str, language: str) -> Self:
        return cls(
            f"Scripts are run by the default kernel, {kernel_name!r}, which is one of {language}; they need Python. Nothing was run: call the tools one by one.",
            kernel_name=kernel_name,
        )

    @classmethod
    def scripts_client(cls, *, kernel_name: str, reason: str, version: str) -> Self:
        return cls(
            f"The kernel {kernel_name!r} cannot call tools ({reason}): it has to be ipykernel, and jmcp {version} has to be installed in its environment. Nothing was run: call the tools one by one.",
            kernel_name=kernel_name,
        )

    @classmethod
    def unknown_tool(cls, *, tool: str, kernel_name: str | None) -> Self:
        return cls(
            f"No tool has the name {tool!r} here; search_tools finds them.", kernel_name=kernel_name
        )

    @classmethod
    def nested_script(cls, *, kernel_name: str | None) -> Self:
        return cls(
            "A script cannot run another script. Call the tools that it would call.",
            kernel_name=kernel_name,
        )

    @classmethod
    def list_variables(cls, *, kernel_name: str, reason: str) -> Self:
        return cls(
            f"The kernel {kernel_name!r} did not say what variables it has ({reason}): jmcp can ask kernels of Python 3.8 and newer. execute_code can ask it in its own language.",
            kernel_name=kernel_name,
        )


class PartlyDone(ToolError):
    """A part of the call was done before it failed; the message says which."""

    code = "partly_done"
    http = 503
    fault = "server"
    retry = "never"

    @classmethod
    def created(cls, *, path: str, reason: str) -> Self:
        return cls(
            f"{path!r} was created, but could not be opened: {reason} Call use_notebook again with mode connect.",
            path=path,
        )

    @classmethod
    def restored(cls, *, path: str, reason: str) -> Self:
        return cls(
            f"The file of {path!r} is that of its checkpoint by now, but the live document could not be changed: {reason} Call read_notebook to see which of the two it is, before you call again.",
            path=path,
        )

    @classmethod
    def exported(cls, *, count: int, total: int, path: str, reason: str) -> Self:
        return cls(
            f"{counted(count, 'file', 'files')} of {total} were written, and {path!r} was not: {reason} Call export_notebook again with overwrite: true once the cause is gone.",
            path=path,
        )


class ServerStopping(ToolError):
    """jmcp is being stopped and begins nothing new, or does not run."""

    code = "server_stopping"
    http = 503
    fault = "server"
    retry = "later"

    @classmethod
    def not_begun(cls, *, tool: str) -> Self:
        return cls(
            f"jmcp is stopping and begins nothing new: {tool} did nothing. Call it again once jmcp runs again."
        )

    @classmethod
    def not_finished(cls, *, tool: str) -> Self:
        return cls(
            f"jmcp stopped while {tool} was under way, which may have done a part of its work. Once jmcp runs again, look before you call it again."
        )

    @classmethod
    def not_reached(cls, *, reason: str, tool: str) -> Self:
        return cls(
            f"No jmcp could be reached: {reason}. {tool} did nothing. Call it again once one runs."
        )


class JupyterUnreachable(ToolError):
    """The Jupyter Server does not answer."""

    code = "jupyter_unreachable"
    http = 503
    fault = "server"
    retry = "later"


class JupyterRefused(ToolError):
    """The Jupyter Server does not accept jmcp's token, or does not let it do this."""

    code = "jupyter_refused"
    http = 502
    fault = "server"
    retry = "never"


class InternalError(ToolError):
    """A bug in jmcp, or in the package that brings the tool; the message has the id to look for in the log."""

    code = "internal_error"
    http = 500
    fault = "server"
    retry = "never"

    @classmethod
    def bug(cls, *, tool: str, reference: str) -> Self:
        return cls(
            f"{tool} failed because of a bug in jmcp. The server's log has it as {reference}.",
            reference=reference,
        )

    @classmethod
    def of_package(cls, *, tool: str, package: str, reference: str) -> Self:
        return cls(
            f"{tool} failed because of a bug in {package}, which brings this tool. The server's log has it as {reference}.",
            reference=reference,
        )


class CellNotFound(ToolError):
    """No cell has that index or id."""

    code = "cell_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def index(cls, *, param: str, index: int, cell_count: int, last: int) -> Self:
        return cls(
            f"{param} {index}, but the notebook has {counted(cell_count, 'cell', 'cells')} (0 to {last}). read_notebook lists them.",
            cell_count=cell_count,
        )

    @classmethod
    def no_cells(cls, *, param: str, index: int, cell_count: int) -> Self:
        return cls(
            f"{param} {index}, but the notebook has no cells. insert_cell adds one.",
            cell_count=cell_count,
        )

    @classmethod
    def insertion(cls, *, index: int, cell_count: int) -> Self:
        return cls(
            f"cell_index {index}, but a cell can be inserted at 0 to {cell_count}, or at -1 for the end.",
            cell_count=cell_count,
        )

    @classmethod
    def id(cls, *, cell_id: str, cell_count: int) -> Self:
        return cls(
            f"No cell has the id {cell_id!r}; the notebook has {counted(cell_count, 'cell', 'cells')}. read_notebook lists the ids.",
            cell_count=cell_count,
        )

    @classmethod
    def deleted(cls, *, cell_id: str, cell_count: int) -> Self:
        return cls(
            f"No cell has the id {cell_id!r}: somebody deleted it since this session read it; the notebook has {counted(cell_count, 'cell', 'cells')}. read_notebook lists the ids.",
            cell_count=cell_count,
        )

    @classmethod
    def deleted_before(cls, *, cell_id: str, cell_count: int) -> Self:
        return cls(
            f"Cell {cell_id!r} is deleted by an earlier edit of this call, which leaves {counted(cell_count, 'cell', 'cells')}.",
            cell_count=cell_count,
        )

    @classmethod
    def no_ids(cls, *, cell_id: str, cell_count: int) -> Self:
        return cls(
            f"No cell has the id {cell_id!r}. This notebook's format (below 4.5) has no ids until its first edit; use cell_index until then.",
            cell_count=cell_count,
        )


class ResourceNotFound(ToolError):
    """No notebook, cell or output has that URI."""

    code = "resource_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def unknown(cls, *, uri: str, templates: Sequence[str]) -> Self:
        return cls(
            f"Nothing here has the URI {uri!r}. A URI is one of: {listed(templates, ', ')}.",
            uri=uri,
        )

    @classmethod
    def no_output(cls, *, uri: str, outputs: int, output: str) -> Self:
        return cls(
            f"{uri!r}: there {word(outputs, 'is', 'are')} {counted(outputs, 'output', 'outputs')}, counted from 0, and no output {output!r}. read_cell shows what there is.",
            uri=uri,
            outputs=outputs,
        )

    @classmethod
    def no_type(cls, *, uri: str, mime_type: str, mime_types: Sequence[str]) -> Self:
        return cls(
            f"{uri!r}: the output has no {mime_type!r}; it has {listed(mime_types, ', ', none='none')}.",
            uri=uri,
            mime_types=mime_types,
        )

    @classmethod
    def no_execution(cls, *, uri: str) -> Self:
        return cls(
            f"{uri!r}: no run of yours has that id, or it is not kept any more. Run the code again.",
            uri=uri,
        )


class OutputNotFound(ToolError):
    """The cell has no such output."""

    code = "output_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def nothing(cls, *, index: int) -> Self:
        return cls(
            f"Cell {index} has no outputs: there is nothing to show. execute_cell runs a code cell."
        )

    @classmethod
    def not_yet(cls, *, index: int, execution_id: str) -> Self:
        return cls(
            f"Cell {index} has no outputs yet: it runs, or waits to. get_execution with execution_id {execution_id} waits for it."
        )

    @classmethod
    def number(cls, *, index: int, outputs: int, output: int) -> Self:
        return cls(
            f"Cell {index} has {counted(outputs, 'output', 'outputs')}, counted from 0, and no output {output}."
        )

    @classmethod
    def type(cls, *, output: int, index: int, mime_type: str, mime_types: Sequence[str]) -> Self:
        return cls(
            f"Output {output} of cell {index} has no {mime_type!r}; it has {listed(mime_types, ', ', none='none')}."
        )


class NotebookUnclear(ToolError):
    """No notebook was named, and it is not clear which one is meant."""

    code = "notebook_unclear"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def several(cls, *, notebooks: Sequence[str]) -> Self:
        return cls(
            f"It is not clear which notebook is meant. Your sessions hold {listed(notebooks, ', ', none='none')}. Name one of these, or give the path of another.",
            notebooks=notebooks,
        )


class CellRangeInvalid(ToolError):
    """What names cells by their indices does not."""

    code = "cell_range_invalid"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def unreadable(cls, *, part: str) -> Self:
        return cls(
            f"cell_indices: {part!r} is no index and no range. Give indices from 0 and ranges, as 0-2,4 or 3- for all from the fourth on.",
            part=part,
        )

    @classmethod
    def backwards(cls, *, part: str) -> Self:
        return cls(
            f"cell_indices: the range {part!r} ends before it begins. Give the smaller index first.",
            part=part,
        )

    @classmethod
    def empty(cls, *, part: str) -> Self:
        return cls(
            f"cell_indices names no cell ({part!r}). Give indices from 0 and ranges, as 0-2,4 or 3- for all from the fourth on.",
            part=part,
        )


class CellNotCode(ToolError):
    """Only a code cell can be run."""

    code = "cell_not_code"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def other_type(cls, *, cell_index: int, cell_type: str) -> Self:
        return cls(
            f"Cell {cell_index} is a {cell_type} cell; only code cells can be run. execute_code runs code without a cell.",
            cell_index=cell_index,
            cell_type=cell_type,
        )


class CellChanged(ToolError):
    """Somebody else changed the cell since this session read it, or another one is at that index."""

    code = "cell_changed"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def one(
        cls,
        *,
        named: str,
        advice: str,
        shown: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
    ) -> Self:
        return cls(
            f"Others changed cell {named} since this session read it; nothing was done. {advice}\n{shown}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
        )

    @classmethod
    def several(
        cls,
        *,
        named: str,
        advice: str,
        shown: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
        cells: Sequence[Mapping[str, Any]],
    ) -> Self:
        return cls(
            f"Others changed cells {named} since this session read them; nothing was done. {advice}\n{shown}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
            cells=cells,
        )

    @classmethod
    def since_change(
        cls,
        *,
        change_id: str,
        named: Sequence[str],
        shown: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
        cells: Sequence[Mapping[str, Any]],
    ) -> Self:
        return cls(
            f"Cells were changed since change {change_id!r}; nothing was taken back. {listed(named, '; ')}. With force: true what can be taken back is.\n{shown}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
            cells=cells,
        )

    @classmethod
    def since_session(
        cls,
        *,
        named: Sequence[str],
        shown: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
        cells: Sequence[Mapping[str, Any]],
    ) -> Self:
        return cls(
            f"Nothing was reverted, for cells are not as the session left them: {listed(named, '; ')}. Revert the others by cell_ids; with force: true what can be reverted is.\n{shown}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
            cells=cells,
        )

    @classmethod
    def unexpected(
        cls,
        *,
        count: int,
        named: str,
        shown: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
        cells: Sequence[Mapping[str, Any]],
    ) -> Self:
        return cls(
            f"{word(count, 'Cell', 'Cells')} {named} {word(count, 'is', 'are')} not as If-Match says; nothing was done. GET the cell again for its ETag, or leave If-Match out to go by what this session has read.\n{shown}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
            cells=cells,
        )

    @classmethod
    def elsewhere(
        cls,
        *,
        named: Sequence[str],
        listing: str,
        cell_index: int,
        cell_id: str | None,
        source: str,
        diff: str | None,
        places: Sequence[Mapping[str, Any]],
    ) -> Self:
        return cls(
            f"Others inserted, deleted or moved cells since this session saw them; nothing was done. {listed(named, '; ')}. Call again with a cell_id, or with an index of these cells as they are now:\n{listing}",
            cell_index=cell_index,
            cell_id=cell_id,
            source=source,
            diff=diff,
            places=places,
        )


class ChangeNotFound(ToolError):
    """The session has made no such change that can be taken back."""

    code = "change_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def nothing(cls, *, path: str, change_id: str | None) -> Self:
        return cls(
            f"This session has changed nothing in {path} that is not taken back already.",
            change_id=change_id,
        )

    @classmethod
    def unknown(cls, *, change_id: str, path: str) -> Self:
        return cls(
            f"No change {change_id!r} of {path} is kept. Without a change_id the last change is taken back; the id of each is in its result.",
            change_id=change_id,
        )

    @classmethod
    def of_others(cls, *, change_id: str) -> Self:
        return cls(
            f"Change {change_id!r} was made in another session; only that one takes it back. Edit the cells instead.",
            change_id=change_id,
        )

    @classmethod
    def undone(cls, *, change_id: str, by: str) -> Self:
        return cls(
            f"Change {change_id!r} is taken back already, by {by!r}; to make it again, take that one back.",
            change_id=change_id,
        )

    @classmethod
    def pruned(cls, *, change_id: str) -> Self:
        return cls(
            f"Change {change_id!r} cannot be taken back: not all of it is kept, or it was lost in a crash.",
            change_id=change_id,
        )

    @classmethod
    def reverted(cls, *, change_id: str, by: str) -> Self:
        return cls(
            f"Change {change_id!r} is taken back already: a person, or another session of the same owner, reviewed and reverted it ({by!r}). Ask before you make it again.",
            change_id=change_id,
        )

    @classmethod
    def nothing_to_review(cls, *, path: str, change_id: str | None) -> Self:
        return cls(
            f"Nothing in {path} is left to review: what was changed there is accepted or reverted, or not kept any more.",
            change_id=change_id,
        )

    @classmethod
    def not_to_review(
        cls, *, asked: Sequence[str], count: int, path: str, change_id: str | None
    ) -> Self:
        return cls(
            f"Nothing was done: {listed(asked, ', ')} {word(count, 'is', 'are')} not left to review in {path}. Others may have accepted or reverted that meanwhile; review_changes lists what is left.",
            change_id=change_id,
        )

    @classmethod
    def unknown_acceptance(cls, *, acceptance_id: str, path: str, change_id: str | None) -> Self:
        return cls(
            f"No acceptance {acceptance_id!r} of {path} is kept. accept_changes returns the id of each.",
            change_id=change_id,
        )

    @classmethod
    def unknown_since(cls, *, change_id: str, path: str) -> Self:
        return cls(
            f"No change {change_id!r} of {path} is kept, so what came after it is not known. Without since, list_changes has all since this session opened the notebook.",
            change_id=change_id,
        )


class CheckpointNotFound(ToolError):
    """The notebook has no such checkpoint, or none that the server shows."""

    code = "checkpoint_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def none(cls, *, path: str, checkpoints: Sequence[str]) -> Self:
        return cls(
            f"{path} has no checkpoint. create_checkpoint makes one.", checkpoints=checkpoints
        )

    @classmethod
    def unknown(cls, *, path: str, checkpoint_id: str, checkpoints: Sequence[str]) -> Self:
        return cls(
            f"{path} has no checkpoint {checkpoint_id!r}; it has {listed(checkpoints, ', ')}. Without checkpoint_id the latest is taken.",
            checkpoints=checkpoints,
        )

    @classmethod
    def not_shown(cls, *, path: str, checkpoints: Sequence[str]) -> Self:
        return cls(
            f"This Jupyter Server shows what is in the checkpoint of {path} ({listed(checkpoints, ', ')}) only by restoring it. restore_checkpoint does that, and undo_change takes it back.",
            checkpoints=checkpoints,
        )


class TextNotFound(ToolError):
    """The cell's source does not contain old_string."""

    code = "text_not_found"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def in_cell(cls, *, cell_index: int, source: str) -> Self:
        return cls(
            f"old_string does not occur in cell {cell_index}. Copy the text exactly from its source:\n{source}",
            cell_index=cell_index,
            source=source,
        )


class TextNotUnique(ToolError):
    """old_string occurs more than once and replace_all is not set."""

    code = "text_not_unique"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def in_cell(cls, *, occurrences: int, cell_index: int) -> Self:
        return cls(
            f"old_string occurs {occurrences} times in cell {cell_index}. Make it longer, or set replace_all.",
            cell_index=cell_index,
            occurrences=occurrences,
        )


class PatternInvalid(ToolError):
    """The pattern is not a regular expression of Python's."""

    code = "pattern_invalid"
    http = 400
    fault = "client"
    retry = "never"

    @classmethod
    def at(cls, *, reason: str, position: int) -> Self:
        return cls(
            f"pattern is not a regular expression: {reason} at position {position}. Mend it, or search for it as text with regex false.",
            position=position,
        )

    @classmethod
    def whole(cls, *, reason: str, position: int | None) -> Self:
        return cls(
            f"pattern is not a regular expression: {reason}. Mend it, or search for it as text with regex false.",
            position=position,
        )


class PatternTooSlow(ToolError):
    """Matching took longer than it may, and was ended."""

    code = "pattern_too_slow"
    http = 400
    fault = "client"
    retry = "never"

    @classmethod
    def ended(cls, *, limit_seconds: float) -> Self:
        return cls(
            f"Matching took longer than {limit_seconds:g} s and was ended; nothing is known of what matches. Repeats within repeats, as in (a+)+, take that long: write the pattern without them, or search for text with regex false.",
            limit_seconds=limit_seconds,
        )


class ConversationIdRefused(ToolError):
    """The conversation's id cannot be the name of a notebook."""

    code = "conversation_id_refused"
    http = 403
    fault = "client"
    retry = "never"

    @classmethod
    def name(cls, *, conversation_id: str) -> Self:
        return cls(
            f"conversation_id {conversation_id!r} cannot be the name of a notebook. Give letters, digits, spaces and . _ - with a letter or digit at its beginning, none of . and space at its end, and no two dots in a row.",
            conversation_id=conversation_id,
        )


class FileExists(ToolError):
    """A file is already at that path, and was not to be replaced."""

    code = "file_exists"
    http = 409
    fault = "client"
    retry = "never"


class ExportFailed(ToolError):
    """The notebook could not be converted."""

    code = "export_failed"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def raised(cls, *, kind: str, reason: str) -> Self:
        return cls(
            f"nbconvert could not make {kind} of this notebook: {reason}. Nothing was written; validate_notebook may say what is wrong with it.",
            kind=kind,
        )

    @classmethod
    def ended(cls, *, status: int, kind: str) -> Self:
        return cls(
            f"nbconvert ended with status {status} while it made {kind}. Nothing was written; the notebook may be too large for the memory there is.",
            kind=kind,
        )

    @classmethod
    def too_slow(cls, *, seconds: float, kind: str) -> Self:
        return cls(
            f"nbconvert took longer than {seconds:g} s for {kind} and was ended. Nothing was written; clear large outputs, or export fewer cells.",
            kind=kind,
        )

    @classmethod
    def library_missing(cls, *, kind: str, library: str) -> Self:
        return cls(
            f"nbconvert cannot make {kind}, because {library} is not installed where jmcp runs. Nothing was written.",
            kind=kind,
        )

    @classmethod
    def other_language(cls, *, kind: str, path: str, language: str) -> Self:
        return cls(
            f"Format {kind} is for notebooks of Python, and {path!r} is one of {language}. Nothing was written; html and md work.",
            kind=kind,
            language=language,
        )

    @classmethod
    def too_many_files(cls, *, kind: str, count: int, limit: int) -> Self:
        return cls(
            f"The export in {kind} would be {count} files, and the limit is {limit}. Nothing was written; html is one file.",
            kind=kind,
        )


class NotebookExists(ToolError):
    """A file is already at that path."""

    code = "notebook_exists"
    http = 409
    fault = "client"
    retry = "never"


class DirectoryNotFound(ToolError):
    """No directory at that path."""

    code = "directory_not_found"
    http = 404
    fault = "client"
    retry = "never"


class KernelNotFound(ToolError):
    """No running kernel has that id."""

    code = "kernel_not_found"
    http = 404
    fault = "client"
    retry = "never"


class KernelTaken(ToolError):
    """That kernel belongs to another notebook."""

    code = "kernel_taken"
    http = 409
    fault = "client"
    retry = "never"


class ExecutionNotFound(ToolError):
    """No execution of this session has that id."""

    code = "execution_not_found"
    http = 404
    fault = "client"
    retry = "never"

    @classmethod
    def unknown(cls, *, execution_id: str) -> Self:
        return cls(
            f"This session has no execution {execution_id!r}. get_execution without one lists those that are kept; read_cell has the outputs of cells.",
            execution_id=execution_id,
        )


class KernelBusy(ToolError):
    """The kernel is busy, so it cannot be asked now."""

    code = "kernel_busy"
    http = 409
    fault = "client"
    retry = "later"

    @classmethod
    def own_run(cls, *, code: str, seconds: float, execution_id: str) -> Self:
        return cls(
            f"The kernel is busy with a run of this session ({code}), for {seconds:.0f} s so far. get_execution with execution_id {execution_id} waits for it, interrupt_kernel stops it; then call again.",
            execution_id=execution_id,
        )

    @classmethod
    def other_session(cls, *, seconds: float, execution_id: str | None) -> Self:
        return cls(
            f"The kernel is busy with a run of another session, for {seconds:.0f} s so far. Call again later; interrupt_kernel would stop it.",
            execution_id=execution_id,
        )

    @classmethod
    def somebody(cls, *, execution_id: str | None) -> Self:
        return cls(
            "The kernel is busy with code that jmcp did not send, as of a person in JupyterLab. Call again later.",
            execution_id=execution_id,
        )

    @classmethod
    def interrupted(cls, *, execution_id: str | None) -> Self:
        return cls(
            "The kernel was interrupted before it had answered. Call again.",
            execution_id=execution_id,
        )


class ExecutionTimedOut(ToolError):
    """The cell took longer than the call allows, or did not begin in time, and was ended."""

    code = "execution_timed_out"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def interrupted(cls, *, cell_index: int, seconds: float, execution_id: str) -> Self:
        return cls(
            f"Cell {cell_index} ran longer than {seconds:g} s and was interrupted (execution {execution_id}). The kernel is usable and has its variables; read_cell has the outputs so far. Allow it more with timeout_seconds, or run it with execute_cell, which has no limit.",
            cell_index=cell_index,
            execution_id=execution_id,
            seconds=seconds,
        )

    @classmethod
    def stuck(cls, *, cell_index: int, seconds: float, execution_id: str) -> Self:
        return cls(
            f"Cell {cell_index} ran longer than {seconds:g} s and ignored the interrupt (execution {execution_id}): the kernel is still busy with it. restart_notebook ends it, and all variables are lost then.",
            cell_index=cell_index,
            execution_id=execution_id,
            seconds=seconds,
        )

    @classmethod
    def not_begun(cls, *, cell_index: int, seconds: float, execution_id: str) -> Self:
        return cls(
            f"Cell {cell_index} did not begin within {seconds:g} s, because the kernel was busy, and was taken out of its queue (execution {execution_id}): nothing of it ran. list_executions says what runs; interrupt_kernel stops it.",
            cell_index=cell_index,
            execution_id=execution_id,
            seconds=seconds,
        )


class NoLabPage(ToolError):
    """No page of JupyterLab answers that is logged in as the same user: none is connected, or none in time."""

    code = "no_lab_page"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def none(cls, *, owner: str, url: str) -> Self:
        return cls(
            f"No page of JupyterLab (or Notebook) is connected to jmcp as {owner!r}, so there is nobody to ask or to show something to. Have the person open {url}; a page that was open before jmcp was there has to be reloaded.",
            url=url,
        )

    @classmethod
    def silent(cls, *, pages: int, seconds: float, url: str) -> Self:
        return cls(
            f"{counted(pages, 'page', 'pages')} of JupyterLab {word(pages, 'is', 'are')} connected, and none answered within {seconds:g} s: browsers put pages to sleep that nobody looks at. Have the person bring JupyterLab to the front ({url}), then call again.",
            url=url,
            pages=pages,
        )

    @classmethod
    def late(cls, *, path: str, seconds: float, url: str) -> Self:
        return cls(
            f"JupyterLab was told to show {path}, and did not say within {seconds:g} s that it did; it may still come. Ask the person, or have them open {url}.",
            url=url,
        )

    @classmethod
    def outside(cls, *, url: str) -> Self:
        return cls(
            f"This jmcp runs outside of the Jupyter Server, and pages of JupyterLab are connected to a jmcp inside of it only. Use that one, or ask the person; {url} shows a notebook.",
            url=url,
        )


class LabPageRefused(ToolError):
    """A page of JupyterLab answers that it does not do this: the person has switched it off, or it cannot."""

    code = "lab_page_refused"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def context_off(cls, *, reason: str) -> Self:
        return cls(
            "The person has switched off in JupyterLab's settings (jmcp) that agents learn what they look at. Do not ask again: ask the person in words.",
            reason=reason,
        )

    @classmethod
    def show_off(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The person has switched off in JupyterLab's settings (jmcp) that agents open and scroll notebooks there. Name the notebook and the cell in words, or give the person {url}.",
            reason=reason,
        )

    @classmethod
    def no_cell(cls, *, path: str, cell: str, reason: str) -> Self:
        return cls(
            f"The tab of {path} in JupyterLab has no cell {cell}: it shows the notebook as it was before the file changed. Have the person reload the notebook from disk, then call again.",
            reason=reason,
        )

    @classmethod
    def elsewhere(cls, *, path: str, url: str, reason: str) -> Self:
        return cls(
            f"The pages that the person has open are of Notebook, which shows one notebook each, and none shows {path}. Have the person open {url}.",
            reason=reason,
        )

    @classmethod
    def other(cls, *, reason: str, url: str) -> Self:
        return cls(
            f"JupyterLab did not do it: {reason}. Have the person open {url}.", reason=reason
        )


class ConfirmationRequired(ToolError):
    """The call would end code that others run, and nobody has confirmed that."""

    code = "confirmation_required"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def others_run(
        cls, *, action: str, path: str, others: Sequence[str], runs: Sequence[Mapping[str, Any]]
    ) -> Self:
        return cls(
            f"Nothing was done: {action} would end what others run in the kernel of {path}: {listed(others, '; ', most=5)}. Wait for that, or call again with confirm: true.",
            action=action,
            path=path,
            runs=runs,
        )

    @classmethod
    def declined(cls, *, action: str, path: str) -> Self:
        return cls(
            f"Nothing was done: {action} would end what others run in the kernel of {path}, and the person at this client, who was asked, does not want that.",
            action=action,
            path=path,
        )

    @classmethod
    def unanswered(cls, *, action: str, path: str, seconds: float) -> Self:
        return cls(
            f"Nothing was done: {action} would end what others run in the kernel of {path}, and the person at this client, who was asked, has not answered within {seconds:g} s.",
            action=action,
            path=path,
        )


class NoKernel(ToolError):
    """The notebook has no kernel yet: nothing has run in it."""

    code = "no_kernel"
    http = 409
    fault = "client"
    retry = "never"

    @classmethod
    def nothing_ran(cls, *, path: str) -> Self:
        return cls(f"{path} has no kernel yet; execute_cell or execute_code starts one.")


ERRORS: Mapping[str, type[ToolError]] = {
    error.code: error
    for error in (
        InvalidArguments,
        SessionRequired,
        SessionNotFound,
        NotPermitted,
        RateLimited,
        PausedByPerson,
        SessionLimit,
        NotebookNotOpen,
        NotebookNotFound,
        NotebookInvalid,
        NotebookTooLarge,
        ResourceTooLarge,
        CellTooLarge,
        PathRefused,
        WriteRefused,
        StateUnavailable,
        KernelspecNotFound,
        KernelUnavailable,
        KernelUnable,
        PartlyDone,
        ServerStopping,
        JupyterUnreachable,
        JupyterRefused,
        InternalError,
        CellNotFound,
        ResourceNotFound,
        OutputNotFound,
        NotebookUnclear,
        CellRangeInvalid,
        CellNotCode,
        CellChanged,
        ChangeNotFound,
        CheckpointNotFound,
        TextNotFound,
        TextNotUnique,
        PatternInvalid,
        PatternTooSlow,
        ConversationIdRefused,
        FileExists,
        ExportFailed,
        NotebookExists,
        DirectoryNotFound,
        KernelNotFound,
        KernelTaken,
        ExecutionNotFound,
        KernelBusy,
        ExecutionTimedOut,
        NoLabPage,
        LabPageRefused,
        ConfirmationRequired,
        NoKernel,
    )
}
"""All of them, by code."""
