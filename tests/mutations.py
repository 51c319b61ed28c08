"""Whether the fast suite notices broken invariants: each is broken on purpose, in a run of its own.

`make mutations` copies the repository for each, changes one place, and runs the tests that should
fail. A mutation that survives, or whose place is not there any more, is a failure.
`python -m tests.mutations --places` only looks whether the places are there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("jmcp", "generated", "handlers", "codegen", "spec", "tests", "docs", "pyproject.toml")
SOURCES = ("", "generated", "handlers", "codegen")
RUN_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """`before` stands once in `file`; `tests` are what `make test` has for it."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        name="a save is believed without the hash of the file",
        file="handlers/jmcp_jupyter/documents/local/rooms/room_saver.py",
        before='verified: bool = await self._stamp() == written["hash"]',
        after="verified: bool = True",
        tests=("tests/ports/documents/test_saving.py",),
    ),
    Mutation(
        name="stale writes are not refused",
        file="handlers/jmcp_handlers/support/stale_writes.py",
        before="elif not force:",
        after="elif False:",
        tests=("tests/unit/handlers/test_stale_writes.py",),
    ),
    Mutation(
        name="an edit is acknowledged before the journal has it",
        file="jmcp/core/journal/recorder.py",
        before="            await self._keep(document.ref, recording)",
        after=(
            "            import asyncio\n"
            "            later = self._keep(document.ref, recording)\n"
            "            asyncio.get_running_loop().call_later(5, asyncio.ensure_future, later)"
        ),
        tests=("tests/scenarios/journal/test_journaled.py",),
    ),
    Mutation(
        name="the lookup guesses between two sessions",
        file="jmcp/core/sessions/lookup.py",
        before="            if len(found) == 1:\n                return found[0]",
        after="            if found:\n                return found[0]",
        tests=("tests/scenarios/sessions/test_lookup.py",),
    ),
    Mutation(
        name="a foreign owner's session is found",
        file="jmcp/core/sessions/lookup.py",
        before="        stored = await self._store.get(owner, session_id)\n",
        after=(
            "        stored = await self._store.get(owner, session_id)\n"
            "        everyone = await self._store.idle_since(float('inf'))\n"
            "        stored = stored or next(\n"
            "            (one for one in everyone if one.session_id == session_id), None\n"
            "        )\n"
        ),
        tests=("tests/scenarios/sessions/test_lookup.py",),
    ),
    Mutation(
        name="a new process of a kernel is not counted",
        file="handlers/jmcp_jupyter/kernels/local/process.py",
        before="            self.generation += 1\n",
        after="",
        tests=("tests/ports/kernels/test_contract.py",),
    ),
    Mutation(
        name="a run is over before its kernel is idle",
        file="handlers/jmcp_jupyter/kernels/common/runs.py",
        before="if self.reply is not None and self.idle:",
        after="if self.reply is not None:",
        tests=("tests/unit/jupyter/kernels", "tests/ports/kernels/test_contract.py"),
    ),
    Mutation(
        name="the Host header is not checked",
        file="jmcp/transport/middleware/host_origin.py",
        before="if not (self.any_host or is_loopback(name) or name in self.hosts):",
        after="if False:",
        tests=("tests/unit/transport/test_host_origin.py",),
    ),
    Mutation(
        name="logs have whole session ids",
        file="jmcp/core/observe/events.py",
        before='return f"{session_id[:2]}***"',
        after="return session_id",
        tests=(
            "tests/scenarios/observability/test_logs.py",
            "tests/scenarios/protection/test_audit.py",
        ),
    ),
    Mutation(
        name="recovery makes edits again within one server session",
        file="jmcp/core/journal/document_recovery.py",
        before="                return entry.process == self._process\n",
        after="                return True\n",
        tests=("tests/scenarios/journal",),
    ),
)


def place_of(mutation: Mutation, root: Path) -> str | None:
    """Why the mutation cannot be made; None when it can."""
    count = (root / mutation.file).read_text().count(mutation.before)
    return None if count == 1 else f"{mutation.file} has its place {count} times"


def survives(mutation: Mutation) -> tuple[bool, str]:
    """Whether the tests pass all the same, and the end of what pytest printed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(ROOT / name, copy / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, copy / name)
        file = copy / mutation.file
        file.write_text(file.read_text().replace(mutation.before, mutation.after))
        paths = os.pathsep.join(str(copy / source) for source in SOURCES)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        ended = subprocess.run(
            [*command, *mutation.tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR "))]
    # 1 is that tests failed; all else is that they were not run.
    return ended.returncode != 1, (failed or ended.stdout.splitlines()[-3:] or [ended.stderr])[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", action="store_true", help="only look whether they are there")
    only_places = parser.parse_args().places
    bad = 0
    for mutation in MUTATIONS:
        began, problem = time.monotonic(), place_of(mutation, ROOT)
        told = problem or "its place is there"
        survived = problem is not None
        if problem is None and not only_places:
            survived, told = survives(mutation)
        bad += survived
        state = "NOT CAUGHT" if survived else "ok" if only_places else "caught"
        sys.stdout.write(f"{state}: {mutation.name} ({time.monotonic() - began:.0f} s): {told}\n")
        sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
