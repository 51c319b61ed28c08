"""Walk interleavings by hand:

python -m tests.e2e.lab_extension.interleaving 0 500           seeds 0 to 499
python -m tests.e2e.lab_extension.interleaving 17              one seed, telling each step
python -m tests.e2e.lab_extension.interleaving 17 --shrink     and drop steps while it still fails
python -m tests.e2e.lab_extension.interleaving --steps FILE    steps as they were printed
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.lab_extension.interleaving.shrinking import shrunk
from tests.e2e.lab_extension.interleaving.steps import Step, printed, read, steps_of
from tests.e2e.lab_extension.interleaving.walk import Walk
from tests.e2e.lab_extension.interleaving.world import temporary_world


async def main(options: argparse.Namespace) -> int:
    chosen: dict[str, list[Step]] = {}
    if options.steps:
        chosen[str(options.steps)] = read(options.steps.read_text())
    elif options.seeds:
        first = options.seeds[0]
        past = options.seeds[1] if len(options.seeds) > 1 else first + 1
        chosen = {str(seed): steps_of(seed) for seed in range(first, past)}
    failed = []
    async with temporary_world() as world:
        for name, steps in chosen.items():
            for _ in range(options.times):
                began = time.monotonic()
                walk = Walk(world)
                faults = await walk(steps)
                print(f"{name}: {time.monotonic() - began:.1f} s, {len(faults)} faults", flush=True)
                if faults or len(chosen) == 1:
                    print("\n".join(["  " + told for told in walk.told]))
                    print("\n".join([*faults, printed(steps)]), flush=True)
                if faults:
                    failed.append(name)
                    if options.shrink:
                        print("shrunk:\n" + printed(await shrunk(world, steps)), flush=True)
                    break
    print(f"{len(failed)} of {len(chosen)} failed: {', '.join(failed)}")
    return 1 if failed else 0


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e.lab_extension.interleaving",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--steps", type=Path)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--times", type=int, default=1, help="walk each that often")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments(sys.argv[1:]))))
