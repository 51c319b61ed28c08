"""What a handler may ask of documents and kernels, wherever those live.

Local and remote adapters implement these protocols; nothing above them knows which one it has.
Every method may raise a `BackendError` subclass and nothing else on purpose.
"""

from jmcp.core.ports.cells import (
    ERROR_AMONG_LAST,
    FILE,
    Cell,
    Cells,
    CellType,
    DocumentMode,
    Edit,
    EditKind,
    EditSubscriber,
    EntryType,
    NotebookRef,
    Output,
    OutputSink,
    SaveState,
    StoredCell,
)
from jmcp.core.ports.documents import (
    Checkpoint,
    Document,
    Documents,
    FileEntry,
    Sharing,
)
from jmcp.core.ports.kernels import (
    LEFT_OUT,
    Health,
    KernelConnection,
    KernelInfo,
    Kernels,
    Kernelspec,
    KernelState,
    NextInput,
    OnInput,
    OnMessage,
    Reply,
    Request,
)

__all__ = [
    "ERROR_AMONG_LAST",
    "FILE",
    "LEFT_OUT",
    "Cell",
    "CellType",
    "Cells",
    "Checkpoint",
    "Document",
    "DocumentMode",
    "Documents",
    "Edit",
    "EditKind",
    "EditSubscriber",
    "EntryType",
    "FileEntry",
    "Health",
    "KernelConnection",
    "KernelInfo",
    "KernelState",
    "Kernels",
    "Kernelspec",
    "NextInput",
    "NotebookRef",
    "OnInput",
    "OnMessage",
    "Output",
    "OutputSink",
    "Reply",
    "Request",
    "SaveState",
    "Sharing",
    "StoredCell",
]
