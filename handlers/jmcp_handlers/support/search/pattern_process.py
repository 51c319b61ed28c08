"""Matches lines against regular expressions; runs as a process of its own, which can be ended.

On its standard input comes, for each question, a line of numbers: after how many seconds to give up,
whether case is ignored, how many lines are looked for, and the sizes of the pattern and of the texts,
which follow as UTF-8. It answers with a line of two numbers, the size of the answer and whether it goes
on, and the answer: in JSON, `[text, line, start of the match, its end]` for each line that matches, all
counted from 0, or behind a "!" why the pattern is none.

It imports nothing of jmcp and little else, so that it starts fast.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Sequence

KEPT_BYTES = 20_000_000
"""Of texts: a process that has looked at more at once ends after its answer, and its memory is free."""


def main() -> None:
    """Serve until the input ends, with at most so many bytes of memory."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    _limit_memory(int(sys.argv[1]))
    while line := stdin.readline():
        seconds, ignore_case, limit, *sizes = map(int, line.split())
        pattern, *texts = [stdin.read(size) for size in sizes]
        _alarm(seconds)
        answer = _answer(pattern, texts, limit, re.IGNORECASE if ignore_case else 0)
        _alarm(0)
        goes_on = sum(sizes) <= KEPT_BYTES
        stdout.write(b"%d %d\n%b" % (len(answer), goes_on, answer))
        stdout.flush()
        if not goes_on:
            return
        del pattern, texts, answer
        re.purge()


def _answer(pattern: bytes, texts: Sequence[bytes], limit: int, flags: int) -> bytes:
    try:
        compiled = re.compile(pattern.decode("utf-8", "surrogatepass"), flags)
    except (re.error, RecursionError, OverflowError) as error:
        # Jupyter has looked at it before: how deeply it may be nested depends on who calls.
        return f"!{error}".encode("utf-8", "backslashreplace")
    found: list[str] = []
    for number, encoded in enumerate(texts):
        begin = 0
        for line_number, line in enumerate(encoded.decode("utf-8", "surrogatepass").split("\n")):
            match = compiled.search(line)
            if match is not None:
                start, end = match.span()
                found.append(f"[{number},{line_number},{begin + start},{begin + end}]")
                if len(found) == limit:
                    return _listed(found)
            begin += len(line) + 1
    return _listed(found)


def _listed(found: Sequence[str]) -> bytes:
    return f"[{','.join(found)}]".encode()


def _alarm(seconds: int) -> None:
    """End this process after so long, also where nobody is there any more to do it; 0: no more."""
    if hasattr(signal, "alarm"):  # which Windows lacks
        signal.alarm(seconds)


def _limit_memory(size: int) -> None:
    """Have a pattern that needs more memory than that fail, where the system can."""
    try:
        import resource  # which Windows lacks

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
