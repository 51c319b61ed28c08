"""What documents and kernels raise. Each has a constructor for each of its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from jmcp.core import errors
from jmcp.core.wording import listed


class NotebookMissing(errors.NotebookMissing):
    """What a client sees as notebook_not_found: No notebook at that path."""

    @classmethod
    def nothing_there(cls, *, path: str) -> Self:
        return cls(
            f"There is no notebook at {path!r}. list_files shows what is there; use_notebook with mode create makes a new one.",
            path=path,
        )

    @classmethod
    def gone(cls, *, path: str | None) -> Self:
        return cls("The notebook was deleted or moved away.", path=path)

    @classmethod
    def moved(cls, *, path: str, now: str) -> Self:
        return cls(
            f"The notebook was moved from {path!r} to {now!r}, which others have opened there meanwhile. Open that one with use_notebook, and look whether it has your last edits.",
            path=path,
            now=now,
        )

    @classmethod
    def moved_by_others(cls, *, path: str, now: str) -> Self:
        return cls(
            f"The notebook was moved from {path!r} to {now!r} by another program than Jupyter, whose live document of it did not follow. Open it there with use_notebook, and look whether it has your last edits.",
            path=path,
            now=now,
        )

    @classmethod
    def gone_from(cls, *, path: str) -> Self:
        return cls(f"The notebook was deleted or moved away (last known at {path!r}).", path=path)

    @classmethod
    def closed_at_once(cls, *, path: str) -> Self:
        return cls(f"{path!r} was opened and closed at once; try again.", path=path)


class NotebookExists(errors.NotebookExists):
    """What a client sees as notebook_exists: A file is already at that path."""

    @classmethod
    def file_there(cls, *, path: str) -> Self:
        return cls(f"There is already a file at {path!r}.", path=path)


class FileExists(errors.FileExists):
    """What a client sees as file_exists: A file is already at that path, and was not to be replaced."""

    @classmethod
    def there(cls, *, path: str) -> Self:
        return cls(
            f"There is already a file at {path!r}. Nothing was written: give another path, or overwrite: true.",
            path=path,
        )


class NotebookBroken(errors.NotebookBroken):
    """What a client sees as notebook_invalid: The file is not a valid notebook."""

    @classmethod
    def unreadable(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} is not a notebook that Jupyter can read (JSON, nbformat 4). Repair or replace the file, then open it again.",
            path=path,
        )

    @classmethod
    def empty(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} is an empty file, not a notebook. Replace it, or delete it and call use_notebook with mode create.",
            path=path,
        )

    @classmethod
    def not_json(cls, *, path: str, problem: str, line: int, column: int) -> Self:
        return cls(
            f"{path!r} is not JSON: {problem} at line {line}, column {column}. Repair or replace the file, then open it again.",
            path=path,
            line=line,
            column=column,
        )

    @classmethod
    def too_deep(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} is nested too deeply to be read. Repair or replace the file, then open it again.",
            path=path,
        )

    @classmethod
    def merge_conflict(cls, *, path: str, line: int) -> Self:
        return cls(
            f"{path!r} has the marks of a merge that was not finished, the first at line {line}. Finish the merge (git checkout --ours or --theirs, or nbdime mergetool), then open it again.",
            path=path,
            line=line,
        )

    @classmethod
    def lfs_pointer(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} is a pointer of Git LFS, not the notebook itself. Fetch it with git lfs pull, then open it again.",
            path=path,
        )

    @classmethod
    def encoding(cls, *, path: str, encoding: str) -> Self:
        return cls(
            f"{path!r} is in {encoding}, and a notebook is in UTF-8 without a byte order mark. Convert the file, then open it again.",
            path=path,
        )

    @classmethod
    def undecodable(cls, *, path: str, byte: str, line: int, column: int) -> Self:
        return cls(
            f"{path!r} is not in UTF-8: byte 0x{byte} at line {line}, column {column}. Convert the file, then open it again.",
            path=path,
            line=line,
            column=column,
        )

    @classmethod
    def notebook_field(cls, *, path: str, field: str, reason: str) -> Self:
        return cls(
            f"{path!r} cannot be edited: {field}: {reason}. Repair the file, then open it again.",
            path=path,
            field=field,
        )

    @classmethod
    def cell_field(cls, *, path: str, cell_index: int, field: str, reason: str) -> Self:
        return cls(
            f"{path!r} cannot be edited: cell {cell_index}, {field}: {reason}. Repair the file, then open it again.",
            path=path,
            cell_index=cell_index,
            field=field,
        )

    @classmethod
    def old_format(cls, *, path: str, major: int) -> Self:
        return cls(
            f"{path!r} is in nbformat {major}; jmcp edits nbformat 4. Convert it first (jupyter nbconvert --to notebook --inplace).",
            path=path,
        )

    @classmethod
    def checkpoint(cls, *, path: str) -> Self:
        return cls(
            f"The checkpoint of {path!r} is not a notebook that Jupyter can read. Nothing was done.",
            path=path,
        )

    @classmethod
    def cut_off(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} could not be loaded whole. Repair or replace the file, then open it again.",
            path=path,
        )


class NotebookTooLarge(errors.NotebookTooLarge):
    """What a client sees as notebook_too_large: The notebook is larger than the limit."""

    @classmethod
    def file(cls, *, path: str, size_bytes: int, limit_bytes: int) -> Self:
        return cls(
            f"{path!r} has {size_bytes:,} bytes; the limit is {limit_bytes:,}. Clear large outputs, or ask for a higher limit.",
            path=path,
            limit_bytes=limit_bytes,
            size_bytes=size_bytes,
        )

    @classmethod
    def full(cls, *, path: str, size_bytes: int, limit_bytes: int, growth_bytes: int) -> Self:
        return cls(
            f"{path!r} has {size_bytes:,} of the {limit_bytes:,} bytes that a notebook may have, and this needs {growth_bytes:,} more. Nothing was done: delete cells with large outputs, go on in another notebook, or ask for a higher limit.",
            path=path,
            limit_bytes=limit_bytes,
            size_bytes=size_bytes,
            growth_bytes=growth_bytes,
        )

    @classmethod
    def live_document(cls, *, path: str, limit_bytes: int) -> Self:
        return cls(
            f"The live document of {path!r} is larger than {limit_bytes:,} bytes. Clear large outputs, or ask for a higher limit.",
            path=path,
            limit_bytes=limit_bytes,
        )


class PathRefused(errors.PathRefused):
    """What a client sees as path_refused: The path is outside the server's folder, hidden, or not a notebook."""

    @classmethod
    def nul(cls) -> Self:
        return cls("The path contains a NUL character. Give a plain relative path.")

    @classmethod
    def unprintable(cls, *, path: str, character: str) -> Self:
        return cls(
            f"The path {path!a} contains {character}, which a name cannot show. Give a plain relative path."
        )

    @classmethod
    def backslash(cls, *, path: str) -> Self:
        return cls(f"The path {path!r} contains a backslash. Separate folders with '/'.")

    @classmethod
    def absolute(cls, *, path: str) -> Self:
        return cls(
            f"The path {path!r} is absolute. Give it relative to the server's root directory."
        )

    @classmethod
    def drive(cls, *, path: str) -> Self:
        return cls(
            f"The path {path!r} begins with the name of a drive. Give a relative path without a colon there."
        )

    @classmethod
    def parent(cls, *, path: str) -> Self:
        return cls(f"The path {path!r} contains '..'. Give it relative to the root.")

    @classmethod
    def long_name(cls, *, size: int, limit: int) -> Self:
        return cls(f"A name in the path has {size} bytes; the limit is {limit}.")

    @classmethod
    def long_path(cls, *, size: int, limit: int) -> Self:
        return cls(f"The path has {size} bytes; the limit is {limit}.")

    @classmethod
    def not_a_notebook(cls, *, path: str) -> Self:
        return cls(f"{path!r} is not a notebook: its name does not end in '.ipynb'.")

    @classmethod
    def directory(cls, *, path: str) -> Self:
        return cls(f"{path!r} is a directory, not a notebook.")

    @classmethod
    def hidden(cls, *, path: str) -> Self:
        return cls(f"{path!r} is hidden, and this server does not serve hidden files.")

    @classmethod
    def folder(cls, *, path: str) -> Self:
        return cls(f"{path!r} is a directory; give the path of a file.")

    @classmethod
    def link(cls, *, path: str) -> Self:
        return cls(f"{path!r} is a link out of the server's folder, and is not followed.")

    @classmethod
    def unreadable(cls, *, path: str) -> Self:
        return cls(f"The server may not read {path!r}.", path=path)


class DirectoryMissing(errors.DirectoryMissing):
    """What a client sees as directory_not_found: No directory at that path."""

    @classmethod
    def nothing_there(cls, *, path: str) -> Self:
        return cls(f"There is no directory at {path!r}.", path=path)


class WriteRefused(errors.WriteRefused):
    """What a client sees as write_refused: The document did not take the edit; nothing was changed."""

    @classmethod
    def read_only(cls, *, path: str) -> Self:
        return cls(f"{path!r} is read-only. Make the file writable, or work on a copy.", path=path)

    @classmethod
    def changed_on_disk(cls, *, path: str) -> Self:
        return cls(
            f"{path!r} changed on disk during the edit. Nothing was written: read the cells again, then repeat the edit.",
            path=path,
        )

    @classmethod
    def keeps_changing(cls, *, path: str) -> Self:
        return cls(f"{path!r} keeps changing on disk: outputs were not written.", path=path)

    @classmethod
    def not_written(cls, *, path: str, reason: str) -> Self:
        return cls(f"{path!r} could not be written: {reason}.", path=path)

    @classmethod
    def not_written_by_jupyter(cls, *, path: str, reason: str, status: int) -> Self:
        return cls(f"{path!r} could not be written: {reason}.", path=path, status=status)

    @classmethod
    def owned(cls, *, path: str, address: str, pid: int, seconds: int) -> Self:
        return cls(
            f"{path!r} is being edited through another Jupyter Server on the same folder ({address}, process {pid}); two would overwrite each other. Nothing was changed here. Edit it there, or here {seconds} seconds after its last edit and run there.",
            path=path,
            address=address,
            pid=pid,
            seconds=seconds,
        )

    @classmethod
    def not_saved(cls, *, path: str, reason: str) -> Self:
        return cls(
            f"{path!r} could not be saved ({reason}), so that its file is not what this session sees, and a checkpoint would not be either. Nothing was done: remove the reason, then call again.",
            path=path,
        )

    @classmethod
    def ids_not_kept(cls, *, reason: str, path: str | None) -> Self:
        return cls(
            f"Jupyter's database of file ids, file_id_manager.db, fails ({reason}). Nothing was done: free its disk, or look at it, then call again.",
            path=path,
        )

    @classmethod
    def room_closed(cls, *, path: str) -> Self:
        return cls(
            f"The live document of {path!r} was closed during the edit, which may be lost. Read the cells again.",
            path=path,
        )

    @classmethod
    def not_proven(cls, *, path: str) -> Self:
        return cls(f"{path!r} keeps changing on disk while it is saved. Save it again.", path=path)

    @classmethod
    def not_taken(cls, *, path: str) -> Self:
        return cls(
            f"The live document of {path!r} did not take the edit. Read the cells again, then repeat it.",
            path=path,
        )

    @classmethod
    def other_provider(cls, *, provider: str, path: str | None) -> Self:
        return cls(
            f"This Jupyter Server shares notebooks through {provider}, which jmcp does not support: it would overwrite live edits. Disable that extension, or install jupyter-collaboration instead.",
            path=path,
        )


class StateUnavailable(errors.StateUnavailable):
    """What a client sees as state_unavailable: What jmcp keeps of sessions cannot be read or written just now; nothing was done."""

    @classmethod
    def not_writable(cls, *, folder: str, reason: str) -> Self:
        return cls(f"jmcp cannot write to its folder {folder}: {reason}")

    @classmethod
    def unusable(cls, *, file: str, reason: str) -> Self:
        return cls(f"the state file {file} cannot be used: {reason}")

    @classmethod
    def locked(cls, *, file: str) -> Self:
        return cls(f"the state file {file} is locked by another program")

    @classmethod
    def newer(cls, *, file: str, schema: int, known: int) -> Self:
        return cls(
            f"the state file {file} is of a later version of jmcp (schema {schema}; this one knows {known}): update jmcp, or move the file away"
        )

    @classmethod
    def contended(cls, *, file: str) -> Self:
        return cls(f"session records in {file} change too fast to follow")

    @classmethod
    def contended_in_redis(cls) -> Self:
        return cls("session records in Redis change too fast to follow")

    @classmethod
    def silent_redis(cls, *, reason: str) -> Self:
        return cls(f"the Redis server that keeps the sessions does not answer: {reason}")


class KernelMissing(errors.KernelMissing):
    """What a client sees as kernel_not_found: No running kernel has that id."""

    @classmethod
    def unknown(cls, *, kernel_id: str) -> Self:
        return cls(
            f"No running kernel has the id {kernel_id!r}. list_kernels lists them.",
            kernel_id=kernel_id,
        )


class KernelTaken(errors.KernelTaken):
    """What a client sees as kernel_taken: That kernel belongs to another notebook."""

    @classmethod
    def by_notebooks(cls, *, kernel_id: str, paths: Sequence[str]) -> Self:
        return cls(f"Kernel {kernel_id} belongs to {listed(paths, ', ')}.", kernel_id=kernel_id)

    @classmethod
    def private_to_notebook(cls, *, kernel_id: str) -> Self:
        return cls(
            f"Kernel {kernel_id} is private to another notebook. Without kernel_id, use_notebook takes the notebook's own kernel.",
            kernel_id=kernel_id,
        )

    @classmethod
    def private_to_session(cls, *, kernel_id: str) -> Self:
        return cls(
            f"Kernel {kernel_id} is private to another session. Without kernel_id, use_notebook takes the notebook's own kernel.",
            kernel_id=kernel_id,
        )

    @classmethod
    def private_and_given(cls, *, kernel_id: str) -> Self:
        return cls(
            "A private kernel is a new one, and kernel_id names one that runs for others: give one of the two.",
            kernel_id=kernel_id,
        )


class KernelspecMissing(errors.KernelspecMissing):
    """What a client sees as kernelspec_not_found: The notebook's or the call's kernelspec is not installed."""

    @classmethod
    def not_installed(cls, *, kernel_name: str, installed: Sequence[str]) -> Self:
        return cls(
            f"The kernelspec {kernel_name!r} is not installed; installed are: {listed(installed, ', ', none='none')}. use_notebook with kernel_name takes one of those.",
            kernel_name=kernel_name,
            installed=installed,
        )


class KernelDown(errors.KernelDown):
    """What a client sees as kernel_unavailable: The kernel is dead or did not start."""

    @classmethod
    def not_running(cls, *, kernel_id: str) -> Self:
        return cls(f"Kernel {kernel_id} is not running.", kernel_id=kernel_id)

    @classmethod
    def dead(cls, *, kernel_id: str) -> Self:
        return cls(f"Kernel {kernel_id} is dead.", kernel_id=kernel_id)

    @classmethod
    def not_restarted(cls, *, kernel_id: str) -> Self:
        return cls(f"Kernel {kernel_id} is dead and was not restarted.", kernel_id=kernel_id)

    @classmethod
    def not_back(cls, *, kernel_id: str) -> Self:
        return cls(f"Kernel {kernel_id} did not come back from its restart.", kernel_id=kernel_id)

    @classmethod
    def silent(cls, *, kernel_id: str, seconds: float) -> Self:
        return cls(f"Kernel {kernel_id} did not answer within {seconds:g} s.", kernel_id=kernel_id)

    @classmethod
    def died_before_answer(cls) -> Self:
        return cls("The kernel died before it answered.")

    @classmethod
    def no_answer(cls, *, seconds: float) -> Self:
        return cls(f"The kernel did not answer within {seconds:g} s.")

    @classmethod
    def no_channels(cls, *, kernel_id: str, reason: str) -> Self:
        return cls(
            f"The channels of kernel {kernel_id} could not be opened ({reason}).",
            kernel_id=kernel_id,
        )

    @classmethod
    def not_started(cls, *, kernel_name: str, reason: str) -> Self:
        return cls(f"The kernel {kernel_name!r} did not start: {reason}", kernel_name=kernel_name)

    @classmethod
    def not_replaced(cls, *, path: str, reason: str, kernel_name: str | None) -> Self:
        return cls(
            f"No kernel could be started for {path}: {reason} Nothing was changed. When the cause is removed, run again; or use_notebook with another kernel_name (list_kernels has them).",
            kernel_name=kernel_name,
        )

    @classmethod
    def lost(cls, *, path: str, kernel_id: str | None) -> Self:
        return cls(
            f"The kernel of {path} is dead or gone, and auto_heal is off, so nothing takes its place unasked. restart_notebook starts one, without the variables of before; use_notebook with auto_heal true lets the next run do that.",
            kernel_id=kernel_id,
        )

    @classmethod
    def lost_to_another(cls, *, path: str, kernel_id: str | None) -> Self:
        return cls(
            f"The kernel of {path} that this session used is gone, and auto_heal is off, so nothing takes its place unasked. The notebook has another kernel by now: use_notebook goes on with that one, without the variables of before; restart_notebook restarts it for everyone.",
            kernel_id=kernel_id,
        )

    @classmethod
    def not_stopped(cls, *, kernel_id: str, reason: str) -> Self:
        return cls(f"Kernel {kernel_id} was not stopped: {reason}.", kernel_id=kernel_id)

    @classmethod
    def not_bound(cls, *, kernel_id: str, path: str, reason: str) -> Self:
        return cls(
            f"Jupyter did not make kernel {kernel_id} the kernel of {path!r}: {reason}. The notebook keeps what it had.",
            kernel_id=kernel_id,
        )

    @classmethod
    def not_recorded(cls, *, reason: str) -> Self:
        return cls(f"Jupyter could not say which notebook has which kernel: {reason}.")

    @classmethod
    def not_started_by_jupyter(cls, *, kernel_name: str, status: int) -> Self:
        return cls(
            f"The kernel {kernel_name!r} did not start: Jupyter answered {status}.",
            kernel_name=kernel_name,
        )


class JupyterUnreachable(errors.JupyterUnreachable):
    """What a client sees as jupyter_unreachable: The Jupyter Server does not answer."""

    @classmethod
    def no_answer(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} does not answer ({reason}). Try again when it is back; before an edit or a run is repeated, look whether it was done."
        )

    @classmethod
    def behind_proxy(cls, *, url: str, status: int) -> Self:
        return cls(
            f"The Jupyter Server at {url} is not running (status {status} of the proxy before it). Try again when it is back."
        )

    @classmethod
    def not_confirmed(cls, *, url: str, path: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} did not confirm that it wrote {path!r}. The change may or may not be there: read the cells again before repeating it.",
            path=path,
        )

    @classmethod
    def edit_lost(cls, *, path: str) -> Self:
        return cls(
            f"The connection to Jupyter was lost during the edit of {path!r}. The edit may or may not be there: read the cells again before repeating it.",
            path=path,
        )

    @classmethod
    def no_live_document(cls, *, path: str, seconds: float) -> Self:
        return cls(
            f"Jupyter did not open the live document of {path!r} within {seconds:.0f} s. Try again."
        )

    @classmethod
    def not_opened(cls, *, path: str, reason: str) -> Self:
        return cls(
            f"Jupyter could not open {path!r} just now ({reason}), although its file is a notebook. Try again; if it stays so, Jupyter's log says why."
        )

    @classmethod
    def no_live_documents(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The live documents of the Jupyter Server at {url} cannot be reached ({reason}). Try again."
        )

    @classmethod
    def outputs_kept(cls, *, reason: str) -> Self:
        return cls(
            f"Jupyter does not answer ({reason}). The outputs of the run are kept, and written into the notebook when it answers again."
        )

    @classmethod
    def failed(cls, *, url: str, method: str, path: str, status: int) -> Self:
        return cls(
            f"The Jupyter Server at {url} failed at {method} {path} with status {status}; its log says why. Look what was done before you try again."
        )

    @classmethod
    def not_its_answer(cls, *, url: str, method: str, path: str, kind: str, status: int) -> Self:
        return cls(
            f"What answers at {url} just now is not the Jupyter Server: {method} {path} gave {kind} with status {status}, as a proxy or a login page does. Try again; if it stays so, open that URL in a browser."
        )

    @classmethod
    def no_start_time(cls, *, url: str, status: int) -> Self:
        return cls(
            f"The Jupyter Server at {url} does not say since when it runs (status {status})."
        )

    @classmethod
    def timed_out(cls, *, url: str, seconds: float, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: it did not answer within {seconds:g} s.",
            reason=reason,
        )

    @classmethod
    def tls_untrusted(cls, *, url: str, problem: str, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: its TLS certificate is not trusted ({problem}).",
            reason=reason,
        )

    @classmethod
    def tls_failed(cls, *, url: str, problem: str, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: TLS failed ({problem}). Is it http:// and not https://?",
            reason=reason,
        )

    @classmethod
    def connection_refused(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: connection refused. Is it running, and is that its port?",
            reason=reason,
        )

    @classmethod
    def no_host(cls, *, url: str, host: str, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: there is no host {host} (DNS).", reason=reason
        )

    @classmethod
    def not_connected(cls, *, url: str, problem: str, reason: str) -> Self:
        return cls(f"No Jupyter Server answers at {url}: {problem}.", reason=reason)

    @classmethod
    def not_http(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"No Jupyter Server answers at {url}: what listens there closed the connection or does not speak HTTP. Is it running, and is it https:// and not http://?",
            reason=reason,
        )

    @classmethod
    def nothing_behind_proxy(cls, *, url: str, status: int, reason: str) -> Self:
        return cls(
            f"A proxy answers at {url}, but no server behind it (status {status}).", reason=reason
        )

    @classmethod
    def not_jupyter(cls, *, url: str, status: int, kind: str, reason: str) -> Self:
        return cls(
            f"What answers at {url} is not a Jupyter Server (GET {url}api: status {status}, {kind}). Is something missing in the URL's path?",
            reason=reason,
        )

    @classmethod
    def redirects(cls, *, url: str, target: str, reason: str) -> Self:
        return cls(f"{url} redirects to {target}. Give that URL.", reason=reason)

    @classmethod
    def redirects_elsewhere(cls, *, url: str, target: str, reason: str) -> Self:
        return cls(
            f"What answers at {url} is not a Jupyter Server (it redirects to {target}).",
            reason=reason,
        )

    @classmethod
    def hub(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"{url} is JupyterHub itself and no Jupyter Server. Give the URL of a running server, as in .../user/NAME/, and a token of the Hub.",
            reason=reason,
        )

    @classmethod
    def hub_server_stopped(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"JupyterHub answers at {url}, and no Jupyter Server: start that server in the Hub.",
            reason=reason,
        )

    @classmethod
    def no_mode(cls, *, url: str, status: int, path: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} did not say whether it shares notebooks (status {status} for {path}). Try again; if it stays so, its log says why.",
            reason=reason,
        )

    @classmethod
    def no_rights(cls, *, url: str, status: int, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} did not say what the token may do (status {status} for api/me).",
            reason=reason,
        )

    @classmethod
    def not_yet(cls) -> Self:
        return cls("The Jupyter Server has not answered yet.")

    @classmethod
    def bug(cls) -> Self:
        return cls("Connecting failed because of a bug; jmcp's log has it.")


class JupyterRefused(errors.JupyterRefused):
    """What a client sees as jupyter_refused: The Jupyter Server does not accept jmcp's token, or does not let it do this."""

    @classmethod
    def request(cls, *, url: str, method: str, path: str, status: int) -> Self:
        return cls(
            f"The Jupyter Server at {url} refused {method} {path} with status {status}: its token does not allow it.",
            status=status,
        )

    @classmethod
    def live_document(cls, *, url: str, path: str, status: int) -> Self:
        return cls(
            f"The Jupyter Server at {url} refused the live document of {path!r}: its token does not allow it.",
            status=status,
        )

    @classmethod
    def channels(cls) -> Self:
        return cls("The Jupyter Server does not let this token use the channels of its kernels.")

    @classmethod
    def no_right_to_execute(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The token for {url} may not run code (kernels:execute). Give a token with that right.",
            reason=reason,
        )

    @classmethod
    def no_right_to_read(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The token for {url} may not read notebooks (contents:read). Give a token with that right.",
            reason=reason,
        )

    @classmethod
    def other_documents(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} keeps its live documents in another way than jupyter-collaboration (jupyter_server_documents?), where jmcp's edits would be overwritten. Disable that extension, or use another server.",
            reason=reason,
        )

    @classmethod
    def too_old(cls, *, url: str, version: str, oldest: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} is version {version}; jmcp needs {oldest} or newer.",
            reason=reason,
        )

    @classmethod
    def token_refused(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} refused the token. Give its token (JMCP_JUPYTER_TOKEN).",
            reason=reason,
        )

    @classmethod
    def token_missing(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} needs a token, and none was given. Give its token (JMCP_JUPYTER_TOKEN).",
            reason=reason,
        )

    @classmethod
    def hub_token_refused(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} refused the token. Give a token of the Hub with access to that server (JMCP_JUPYTER_TOKEN).",
            reason=reason,
        )

    @classmethod
    def hub_token_missing(cls, *, url: str, reason: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} needs a token, and none was given. Give a token of the Hub with access to that server (JMCP_JUPYTER_TOKEN).",
            reason=reason,
        )

    @classmethod
    def library_missing(cls, *, url: str, library: str) -> Self:
        return cls(
            f"The Jupyter Server at {url} shares notebooks live, and {library} is not installed here. Run: pip install 'jmcp[remote]'."
        )
