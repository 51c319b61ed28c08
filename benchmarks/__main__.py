"""The command line: `python -m benchmarks`, which `make bench` and `make profile` call."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import limits
from benchmarks.capacity import launch, many_clients, session_memory, soak
from benchmarks.clients.mcp import ModernClient
from benchmarks.cpu import table as cpu_table
from benchmarks.cpu.workload import SURFACES, TOOLS
from benchmarks.document import machine, replace_table
from benchmarks.figures import Figure, markdown, table
from benchmarks.hostile import part as hostile
from benchmarks.hub import part as hub
from benchmarks.lab import part as lab
from benchmarks.latency import (
    bulk,
    calls,
    durability,
    kernel_health,
    runs,
    search,
    stdio,
    tutorial,
    variables,
)
from benchmarks.profiles import profile
from benchmarks.servers import jmcp
from benchmarks.workbench import log, paint, switching
from benchmarks.workbench.browser import browser


def in_jupyter(base: Path) -> list[Figure]:
    """One client of jmcp in its JupyterLab."""
    with (
        jmcp.in_jupyter(base) as server,
        ModernClient(server.mcp_url, server.token) as client,
        ModernClient(server.mcp_url, server.token) as reader,
    ):
        runtime_dir = base / "home" / ".local" / "share" / "jupyter" / "runtime"
        pids = {"jmcp": server.pid}
        return [
            *runs.runs_in_jupyter(client, server.root, runtime_dir),
            *calls.edits(
                client, server.root, "in Jupyter", small=limits.EDIT, growth=limits.GROWTH
            ),
            *bulk.inserts(client, server.root, "in Jupyter"),
            *bulk.flood(client, reader, server.root, pids, "in Jupyter", lost_is_said=False),
        ]


def model(base: Path) -> list[Figure]:
    """What a model reads before its first call and for one task, and how long its questions take."""
    with (
        jmcp.in_jupyter(base / "questions") as server,
        ModernClient(server.mcp_url, server.token) as client,
    ):
        questions = [
            *calls.listing(client),
            *search.searches(client, server.root),
            *variables.variables(client, server.root),
        ]
    return [*tutorial.figures(base / "task"), *questions]


def standalone(base: Path) -> list[Figure]:
    """One client of jmcp on a Jupyter Server, with and without that server's limit on output."""
    figures = []
    for folder, options, place in (
        ("unlimited", (jmcp.NO_RATE_LIMIT,), "standalone"),
        ("limited", (), "standalone, rate limit"),
    ):
        with (
            jmcp.jupyter_server(base / folder, *options) as jupyter,
            jmcp.standalone(base / folder, jupyter) as server,
            ModernClient(server.mcp_url, server.token) as client,
            ModernClient(server.mcp_url, server.token) as reader,
        ):
            if options:
                figures += runs.runs_standalone(jupyter, server, client)
                reader.reconnect()
                figures += calls.edits(
                    client,
                    server.root,
                    place,
                    small=limits.REMOTE_EDIT,
                    large=limits.REMOTE_EDIT_LARGE,
                )
                figures += bulk.inserts(client, server.root, place)
                reader.reconnect()
            pids = {"jmcp": server.pid, "Jupyter": jupyter.pid}
            figures += bulk.flood(
                client, reader, server.root, pids, place, lost_is_said=not options
            )
            if not options:
                figures += stdio.starts(jupyter, base / folder / "stdio-home")
    return figures


def internals(base: Path) -> list[Figure]:
    """What durability, the question for a kernel's health and idle sessions cost."""
    return [
        *durability.added(base / "durability"),
        *kernel_health.checks(base / "health"),
        *session_memory.memory(base / "sessions"),
    ]


def workbench(base: Path) -> list[Figure]:
    """The page for people, in a browser."""
    with jmcp.in_jupyter(base) as server, browser() as chrome:
        return [
            paint.weight(),
            *paint.loads(chrome, server),
            *switching.switching(chrome, server),
            *log.log(chrome, server),
        ]


PARTS = (
    "cpu",
    "many",
    "model",
    "launch",
    "in-jupyter",
    "standalone",
    "internals",
    "hostile",
    "workbench",
    "lab",
    "hub",
)
SOAK = "soak"
PROFILE = "profile"
EXTRA = (SOAK, PROFILE)
"""Parts that are measured only when they are named: they take long, or have no limits."""
BUSY_LOAD = 0.5
"""Load average above which something else runs."""


def measured(part: str, options: argparse.Namespace) -> list[Figure]:
    """The figures of one part."""
    choice = cpu_table.Choice(
        places=options.places or cpu_table.PLACES,
        surfaces=options.surfaces or SURFACES,
        tools=options.tools or TOOLS,
        rounds=options.rounds,
        full_speed=not options.paced_only,
    )
    measure: dict[str, Callable[[Path], list[Figure]]] = {
        "cpu": lambda base: cpu_table.figures(base, choice),
        "many": many_clients.figures,
        "model": model,
        "launch": lambda base: launch.starts(base / "lab"),
        "in-jupyter": in_jupyter,
        "standalone": standalone,
        "internals": internals,
        "hostile": lambda base: hostile.figures(base, options.only),
        "workbench": workbench,
        "lab": lambda base: lab.figures(base, options.share),
        "hub": hub.figures,
        SOAK: lambda base: soak.figures(base, tuple(options.soaks or soak.SOAKS), options.share),
    }
    with tempfile.TemporaryDirectory() as folder:
        return measure[part](Path(folder))


def profiled(options: argparse.Namespace) -> str:
    """The profile by subject, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        found = profile.profiles(
            Path(folder),
            options.places or cpu_table.PLACES,
            options.surfaces or ("modern",),
            options.tools or TOOLS,
        )
    if options.functions:
        for one in found:
            print(f"{profile.functions(one)}\n", flush=True)
    if options.stacks:
        profile.write_stacks(found, options.stacks)
    return profile.table(found)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "part",
        nargs="*",
        help=f"{', '.join(PARTS)}, {', '.join(EXTRA)}; all but {' and '.join(EXTRA)} by default",
    )
    parser.add_argument("--markdown", action="store_true", help="print tables as Markdown")
    parser.add_argument(
        "--document", type=Path, help="put the tables of these parts into that Markdown file too"
    )
    parser.add_argument("--rounds", type=int, default=cpu_table.ROUNDS, help="of cpu")
    for name, known in (("places", cpu_table.PLACES), ("surfaces", SURFACES), ("tools", TOOLS)):
        parser.add_argument(f"--{name}", nargs="+", choices=known, help=f"of cpu and {PROFILE}")
    parser.add_argument(
        "--paced-only", action="store_true", help="cpu without clients at full speed"
    )
    parser.add_argument("--soaks", nargs="+", choices=soak.SOAKS, help=f"of {SOAK}")
    parser.add_argument(
        "--share", type=float, default=1.0, help=f"of the numbers of {SOAK} and lab: 0.1 is a tenth"
    )
    parser.add_argument("--only", default="", help="of hostile: inputs whose name has that in it")
    parser.add_argument("--functions", action="store_true", help=f"{PROFILE} also by function")
    parser.add_argument("--stacks", type=Path, help=f"a folder for the stacks of {PROFILE}")
    found = parser.parse_intermixed_args(given)
    if unknown := [name for name in found.part if name not in (*PARTS, *EXTRA)]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join((*PARTS, *EXTRA))}")
    return found


def main(given: Sequence[str]) -> int:
    """Measure and print; 1 if a limit is missed, with a sentence for each."""
    options = arguments(given)
    figures: list[Figure] = []
    _warn_of_load()
    for part in options.part or PARTS:
        if part == PROFILE:
            shown = written = profiled(options)
        else:
            found = measured(part, options)
            figures += found
            written = markdown(found)
            shown = written if options.markdown else table(found)
        print(f"{part}\n{shown}\n", flush=True)
        if options.document:
            replace_table(options.document, part, written)
    if options.document:
        replace_table(options.document, "machine", machine())
    missed = [figure.shortfall for figure in figures if not figure.met]
    if missed:
        print(f"{len(missed)} of {len(figures)} figures fall short:", file=sys.stderr)
        print("\n".join(f"- {sentence}" for sentence in missed), file=sys.stderr)
    return 1 if missed else 0


def _warn_of_load() -> None:
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY_LOAD:
        print(
            f"This machine is busy (load average {load:.1f} on {cores} cores): latencies and calls "
            "per second mean little now.",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
