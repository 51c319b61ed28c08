"""What callers are told beside a result: each notice as a fact, with what its sentence needs.

Sentences are the spec's; the code of a notice is its class's name in snake case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Notice:
    """One notice. Its fields are the placeholders of its sentence.

    `once`: it is of something that the call itself did, which no later call would find again.
    """

    code: ClassVar[str]
    once: ClassVar[bool]

    def __init_subclass__(cls, *, once: bool = False) -> None:
        dataclass(frozen=True, kw_only=True)(cls)
        cls.once = once
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def values(self) -> Mapping[str, Any]:
        return vars(self)


# -- sessions and kernels --------------------------------------------------------------------------


class SessionOpened(Notice): ...


class SessionShared(Notice, once=True): ...


class NotebookOpened(Notice, once=True):
    path: str


class OutsideOfJupyter(Notice, once=True):
    url: str


class ResumedByPerson(Notice): ...


class UndoneByPerson(Notice, once=True):
    path: str
    change_id: str
    cells: Sequence[str]


class RunPaused(Notice): ...


class SessionNotStored(Notice):
    reason: str


class WorkspaceNotSaved(Notice):
    reason: str


class ConversationExists(Notice):
    path: str


class MemoryShort(Notice):
    used: str
    limit: str


class NotebookMoved(Notice):
    old: str
    new: str


class CellsChanged(Notice):
    cells: Sequence[str]


class CellsDeleted(Notice):
    cells: Sequence[str]


class CellsInserted(Notice):
    cells: Sequence[str]


class CellsMoved(Notice):
    cells: Sequence[str]


class CellElsewhere(Notice):
    index: int
    now: int


class CellGone(Notice):
    index: int


class SourceChanged(Notice):
    cells: Sequence[str]


class KernelStarted(Notice, once=True): ...


class KernelRestarted(Notice): ...


class KernelUncertain(Notice): ...


class PrivateKernelStopped(Notice, once=True): ...


LOSSES: Mapping[str, Notice] = {
    loss.code: loss for loss in (KernelRestarted(), KernelUncertain(), PrivateKernelStopped())
}
"""The losses of a kernel, which sessions store by code until they are told."""


# -- documents -------------------------------------------------------------------------------------


class CellIdsGiven(Notice, once=True): ...


class CellIdsRepeated(Notice):
    ids: Sequence[str]


class OpenedByJournal(Notice):
    reason: str


class ChangesNotKnown(Notice):
    reason: str


class OutputsBeyondUndo(Notice, once=True):
    cells: Sequence[str]


class OutputsNotKept(Notice):
    cell_id: str
    count: int


class DocumentReloaded(Notice): ...


class FileMerged(Notice): ...


class TextsCollided(Notice):
    cells: Sequence[str]


class TabNotUpdated(Notice):
    path: str


class OpenElsewhere(Notice):
    path: str


class FileChanged(Notice): ...


class FieldsChanged(Notice):
    changes: Sequence[str]


class FileNotWritten(Notice):
    reason: str


class EditNotRecorded(Notice, once=True):
    reason: str


class EditsRecovered(Notice):
    count: int
    edits: Sequence[str]


class EditNotRecovered(Notice):
    subject: str
    verb: str
    time: str
    number: int


class EditOverwritten(Notice):
    subject: str
    verb: str
    time: str
    number: int


class TextOverwritten(Notice):
    subject: str
    verb: str
    time: str
    number: int
    text: str


class EditsPutBack(Notice):
    path: str
    count: int
    edits: Sequence[str]


class TextReplaced(Notice):
    subject: str
    verb: str
    time: str
    number: int
    text: str


class TextNotRecovered(Notice):
    subject: str
    verb: str
    time: str
    number: int
    text: str


# -- runs ------------------------------------------------------------------------------------------


class RunGoesOn(Notice): ...


class RunEnds(Notice): ...


class RunLeft(Notice): ...


class RunNotBegun(Notice): ...


class RunOutlived(Notice): ...


class RunDroppedByRestart(Notice): ...


class RunsDropped(Notice, once=True):
    count: int


class RunAbandoned(Notice): ...


class RunWithdrawn(Notice): ...


class RunFailed(Notice): ...


class RunTimedOut(Notice):
    seconds: float


class RunPutOutTooMuch(Notice): ...


class InterruptIgnored(Notice):
    seconds: float


class InterruptedUnsent(Notice): ...


class KernelStuck(Notice): ...


class ContactLost(Notice): ...


class OutputsDropped(Notice): ...


class OutputsNotReceived(Notice): ...


class OutputsLeftOut(Notice):
    text_limit: int
    data_limit: int
    outputs_limit: int
    characters: int
    outputs: int


class ErrorNotSent(Notice): ...


class OutputsForgotten(Notice): ...


class OutputsOnlyInNotebook(Notice): ...


class OutputsNotWritten(Notice):
    reason: str


class OutputsIncomplete(Notice): ...


class OutputsUncertain(Notice): ...


class OutputsNotShown(Notice):
    head: int
    tail: int
    count: int
    limit: int


class ImagesLeftOut(Notice):
    count: int
    reasons: Sequence[str]


class CellOutputsNotShown(Notice):
    count: int
    cells: Sequence[str]


class SearchCut(Notice):
    reasons: Sequence[str]


class NotebooksNotSearched(Notice):
    count: int
    notebooks: Sequence[str]


class NotebookBusy(Notice): ...


class RunCellDeleted(Notice): ...


class RunCellTaken(Notice): ...


class RunCellGone(Notice): ...


class SourceSetByRun(Notice):
    cell: str


class CellAddedByRun(Notice):
    cell: str
    index: int


class NextInputNotPut(Notice):
    reason: str


class EarlierOutputsLost(Notice): ...


class EarlierOutputsIncomplete(Notice): ...


class RunNotWritten(Notice):
    reason: str


class RunNotHeard(Notice):
    reason: str


class InstallationStopped(Notice): ...


class InstallerMissing(Notice): ...


class EnvironmentManaged(Notice): ...


class PackagesNotFound(Notice):
    packages: Sequence[str]


class PackagesNotSeen(Notice):
    packages: Sequence[str]


class KernelRestartNeeded(Notice):
    modules: Sequence[str]


class BatchInterrupted(Notice): ...


class BatchPaused(Notice): ...


class BatchEnded(Notice):
    reason: str


class BatchFailed(Notice): ...


class BatchOutlived(Notice): ...


class EditsNotRun(Notice):
    reason: str


class CellNotRun(Notice):
    reason: str
