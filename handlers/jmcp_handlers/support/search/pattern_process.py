"""Matches lines against a regular expression; runs as a process of its own, which can be ended.

On its standard input comes a line of JSON and then the texts, as UTF-8, whose sizes that line has.
What it answers is JSON: `[text, line, start of the match, its end]` for each line that
matches, all counted from 0, or a string: why the pattern is none. It imports nothing of jmcp, so that it starts fast.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress


def main() -> None:
    stdin = sys.stdin.buffer
    asked = json.loads(stdin.readline())
    _limit_memory(asked["memory_bytes"])
    try:
        pattern = re.compile(asked["pattern"], re.IGNORECASE if asked["ignore_case"] else 0)
    except (re.error, RecursionError, OverflowError) as error:
        # Jupyter has looked at it before: how deeply it may be nested depends on who calls.
        sys.stdout.write(json.dumps(str(error)))
        return
    found: list[tuple[int, int, int, int]] = []
    for number, size in enumerate(asked["sizes"]):
        text = stdin.read(size).decode("utf-8", "surrogatepass")
        begin = 0
        for line_number, line in enumerate(text.split("\n")):
            match = pattern.search(line) if len(found) < asked["limit"] else None
            if match is not None:
                found.append((number, line_number, begin + match.start(), begin + match.end()))
            begin += len(line) + 1
    sys.stdout.write(json.dumps(found))


def _limit_memory(size: int) -> None:
    """Have a pattern that needs more memory than that fail, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # which Windows lacks

        resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    main()
