"""One use of a notebook through the ports: open it, read or edit, and close it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jmcp.core.ports import Cell, Cells, Document, Documents, NotebookRef, OutputSink


@asynccontextmanager
async def opened(documents: Documents, ref: NotebookRef) -> AsyncIterator[Document]:
    """The notebook, wherever it is by now, held open."""
    document = await documents.open(await documents.current(ref.key))
    try:
        yield document
    finally:
        document.close()


@asynccontextmanager
async def reading(documents: Documents, ref: NotebookRef) -> AsyncIterator[Cells]:
    """The cells of the notebook as they are now."""
    async with opened(documents, ref) as document:
        yield await document.read()


@asynccontextmanager
async def editing(documents: Documents, ref: NotebookRef) -> AsyncIterator[Cells]:
    """The cells of the notebook for editing."""
    async with opened(documents, ref) as document, document.edit() as cells:
        yield cells


async def output_sink(documents: Documents, ref: NotebookRef, cell: Cell) -> OutputSink:
    """A sink for a run of that cell."""
    async with opened(documents, ref) as document:
        return await document.outputs(cell)
