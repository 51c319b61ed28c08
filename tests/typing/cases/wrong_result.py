"""Must fail: a handler that returns another tool's result, and one that returns plain data."""

from golden_api.models import Cell, ReadCellParams, Removed
from golden_api.ports import ReadCell

from jmcp.core.sessions.session import Session


async def removes(params: ReadCellParams, session: Session) -> Removed:
    return Removed(total=0)


async def plain(params: ReadCellParams, session: Session) -> dict[str, str]:
    return {}


async def maybe(params: ReadCellParams, session: Session) -> Cell | None:
    return None


FIRST: ReadCell = removes  # E: Incompatible types in assignment
SECOND: ReadCell = plain  # E: Incompatible types in assignment
THIRD: ReadCell = maybe  # E: Incompatible types in assignment
