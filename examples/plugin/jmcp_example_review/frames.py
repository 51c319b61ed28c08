"""The profile of a DataFrame, which the notebook's kernel makes."""

from __future__ import annotations

from pathlib import Path

from jmcp.toolsets import KernelCallError, Session, call_in_kernel
from jmcp_api.models import More
from jmcp_example_review.api.errors import FrameNotFound
from jmcp_example_review.api.models import ColumnProfile, FrameProfile, ProfileDataframeParams
from jmcp_example_review.api.notices import RowsSampled

SOURCE = Path(__file__).with_name("in_kernel.py").read_text(encoding="utf-8")
"""Runs in the kernel, where this package need not be installed."""


async def profile_dataframe(params: ProfileDataframeParams, session: Session) -> FrameProfile:
    notebook = await session.notebook(params.notebook_path)
    asked = {"name": params.name, "start": params.start_index, "limit": params.limit}
    try:
        found = await call_in_kernel(session, notebook, SOURCE, function="profile", asked=asked)
    except KernelCallError as error:
        raise FrameNotFound.failed(name=params.name, reason=str(error)) from error
    if found["kind"] is None:
        raise FrameNotFound.unknown(name=params.name)
    if "columns" not in found:
        raise FrameNotFound.other_type(name=params.name, kind=found["kind"])
    if found["sampled"] < found["rows"]:
        session.notice(RowsSampled(rows=found["rows"], sampled=found["sampled"]))
    columns = [ColumnProfile(**column) for column in found["columns"]]
    stop = params.start_index + len(columns)
    left = found["column_count"] - stop
    return FrameProfile(
        name=params.name,
        row_count=found["rows"],
        size=found["size"],
        duplicates=found["duplicates"],
        columns=columns,
        more=More(count=left, start_index=stop) if left > 0 else None,
    )
