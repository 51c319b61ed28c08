"""A server that notes where it is each few milliseconds of its CPU time.

`python -m benchmarks.profiles.sampled CONTROL STACKS jmcp serve ...` runs the module `jmcp` as
`python -m jmcp serve ...` does. The lines `start` and `stop` in the pipe CONTROL begin and end the
sampling; what was seen is then in the file STACKS, one stack a line, outermost frame first, as
`module:function;module:function COUNT` (the format that flame graphs are made of).
"""

from __future__ import annotations

import runpy
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.002
"""Of CPU time. A Linux kernel rounds it up to its own tick, often 3 or 4 ms."""

WAITING = frozenset(
    {"wait", "acquire", "select", "poll", "recv", "recv_into", "accept", "get", "read", "_worker"}
)
"""Functions whose frame is innermost while a thread waits for something, an idle one of a pool too."""

Stack = tuple[str, ...]


class Sampler:
    """Counts stacks at each SIGPROF, which comes after so much CPU time of all threads."""

    def __init__(self) -> None:
        self.stacks: Counter[Stack] = Counter()
        self._main = threading.get_ident()
        self._own: set[int] = set()

    def install(self) -> None:
        """Take the signal. Only the main thread can."""
        signal.signal(signal.SIGPROF, self._sample)

    def obey(self, control: Path, stacks: Path) -> None:
        """Start and stop as the pipe says; runs in a thread of its own."""
        self._own.add(threading.get_ident())
        with control.open() as lines:
            for line in lines:
                if line.strip() == "start":
                    self.stacks.clear()
                    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
                else:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                    written = stacks.with_suffix(".part")
                    written.write_text(
                        "".join(f"{';'.join(key)} {n}\n" for key, n in self.stacks.items())
                    )
                    written.rename(stacks)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name in WAITING:
            # The main thread waits, so somebody else took the time, or else the waiting itself did.
            frame = self._busy_thread() or frame
        self.stacks[stack(frame)] += 1

    def _busy_thread(self) -> FrameType | None:
        for ident, frame in sys._current_frames().items():
            if ident not in {self._main, *self._own} and frame.f_code.co_name not in WAITING:
                return frame
        return None


def stack(frame: FrameType | None) -> Stack:
    """The functions of a frame, outermost first."""
    names = []
    while frame is not None:
        names.append(f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(names))


def main(control: Path, stacks: Path, module: str) -> None:
    sampler = Sampler()
    sampler.install()
    threading.Thread(target=sampler.obey, args=(control, stacks), daemon=True).start()
    sys.argv = sys.argv[3:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
