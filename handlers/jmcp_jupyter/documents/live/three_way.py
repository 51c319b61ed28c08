"""Another version of a notebook, joined into its live document.

The other version is the file as some program has written it, or what a tab of another history had.
`merge` decides, in plain JSON; `merge_application` changes the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_jupyter.documents.common.models import check_content
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.live.cell_contents import CellContents
from jmcp_jupyter.documents.live.merge.normal_form import normalised
from jmcp_jupyter.documents.live.merge.notebook_merge import Merge, merged
from jmcp_jupyter.documents.live.merge.report import MergeReport
from jmcp_jupyter.documents.live.merge_application import apply, content_of


def merge_into(
    notebook: Any,
    base: Mapping[str, Any] | None,
    theirs: Mapping[str, Any],
    cells: CellContents | None = None,
) -> Merge:
    """Join what `theirs` made of `base` into a `YNotebook`, at once, without awaiting anything.

    Both are contents of notebooks that a document can hold (`check_storable`), in any form that
    nbformat has. What the document itself made of `base` stays; where it is not known (None), theirs
    takes the place of all. Takes a millisecond for each twenty
    cells, and a fifth of that where `cells` knows them.
    """
    mine = content_of(notebook, cells)
    merge = merged(mine if base is None else normalised(base), mine, normalised(theirs))
    if merge.report.took:
        apply(notebook, mine, merge)
    return merge


def rejoin(
    notebook: Any, base: Any, mine: Any, *, path: str, cells: CellContents | None = None
) -> MergeReport:
    """Join into a room's `YNotebook` what a tab of another history had.

    `base` is the notebook that the tab and the server last agreed on, `mine` what the tab has now.
    The tab's text comes into the cells that nobody else changed since, and else into cells below
    them; what is in the room stays. The same call once more changes nothing more. Raises
    NotebookBroken, at `path`, where either is not a notebook that a document can hold.
    """
    for content in (base, mine):
        check_content(path, content)
        check_storable(path, content, finite=True)
    return merge_into(notebook, base, mine, cells).report
