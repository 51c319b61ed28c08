"""Starting without the garbage collector, which takes a fifth of the time of large imports."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of the process, unless somebody else has.

    Imports leave almost no garbage and many objects that stay; their number makes the collector
    walk through them, and through all that the process has loaded before, again and again. What
    is made meanwhile counts as old afterwards, so that it need not catch up at once.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:  # else somebody wants to keep things frozen
            gc.freeze()
            gc.unfreeze()
        if enabled:
            gc.enable()
