"""What documents and kernels raise. Each has a constructor for each of its sentences."""

from __future__ import annotations

from typing import Self

from jmcp.core import errors


class NotebookMissing(errors.NotebookMissing):
    """What a client sees as cell_not_found: No such cell."""

    @classmethod
    def gone(cls, *, path: str) -> Self:
        return cls(f"There is nothing at {path!a}.", path=path)


class KernelDown(errors.KernelDown):
    """What a client sees as cell_not_found: No such cell."""

    @classmethod
    def not_replaced(cls, *, path: str, reason: str, kernel_name: str | None) -> Self:
        return cls(f"{path}: {reason}", kernel_name=kernel_name)

    @classmethod
    def lost(cls, *, path: str, kernel_id: str | None) -> Self:
        return cls(f"{path} lost", kernel_id=kernel_id)

    @classmethod
    def lost_to_another(cls, *, path: str, kernel_id: str | None) -> Self:
        return cls(f"{path} lost", kernel_id=kernel_id)
