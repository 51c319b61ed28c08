"""The garbage collector: paused for large imports, and kept away from what they leave."""

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


def keep_loaded() -> None:
    """Let the collector pass by everything that the process has loaded until now.

    For a process that is jmcp's own, once it has started: JupyterLab and jmcp are 400,000 objects
    that stay, and each full collection walks through all of them, 0.2 s in which nobody is
    answered. What is garbage among them by now is never collected (no megabyte of memory).
    """
    gc.freeze()
