"""Which of the servers that run is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jmcp.core.errors import ServeError
from jmcp.state.running_servers import RunningServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for: the server at that address, the one of that folder, the one that works on
    that Jupyter Server, or none of these.

    `here` is the folder that the client works in.
    """

    url: str | None = None
    root_dir: Path | None = None
    jupyter_url: str | None = None
    here: Path

    def pinned(self, server: RunningServer) -> Wanted:
        """What finds the same server again after a restart, on whichever port."""
        if self.url is not None:
            return self
        if server.root_dir is not None:
            return Wanted(root_dir=Path(server.root_dir), here=self.here)
        return Wanted(jupyter_url=server.jupyter_url, here=self.here)


def chosen(servers: Sequence[RunningServer], wanted: Wanted) -> RunningServer | None:
    """The one that is meant; None where none runs that could be.

    Of several on the same folder it is always the same one. Raises ServeError where several folders
    could be meant.
    """
    if wanted.url is not None:
        same = [one for one in servers if one.url == wanted.url]
    elif wanted.root_dir is not None:
        same = [one for one in servers if one.root_dir == str(wanted.root_dir)]
    elif wanted.jupyter_url is not None:
        same = [one for one in servers if one.jupyter_url == wanted.jupyter_url]
    else:
        same = _nearest(servers, wanted.here)
    if len({one.place for one in same}) > 1:
        raise ServeError(
            f"{len(same)} jmcp servers run on this machine; name one with --root-dir or --url:\n"
            f"{listed(same)}"
        )
    return min(same, key=lambda one: one.url, default=None)


def listed(servers: Sequence[RunningServer]) -> str:
    """A line for each, for a person."""
    return "\n".join(f"  {one.url}  {one.place} (process {one.pid})" for one in servers)


def _nearest(servers: Sequence[RunningServer], here: Path) -> list[RunningServer]:
    """Those that serve the folder which contains `here`, by the innermost one; all where none does."""
    around = [one for one in servers if one.root_dir and here.is_relative_to(one.root_dir)]
    if not around:
        return list(servers)
    innermost = max(len(Path(one.root_dir or "").parts) for one in around)
    return [one for one in around if len(Path(one.root_dir or "").parts) == innermost]
