"""`python -m distribution [FOLDER]`: build the wheel, the sdist and the bundle, into `dist` by default."""

from __future__ import annotations

import sys
from pathlib import Path

from distribution.bundle import write_bundle
from distribution.packages import build_packages


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    built = build_packages(folder)
    built.append(write_bundle(built[0], folder))
    for one in built:
        sys.stdout.write(f"{one}  {one.stat().st_size / 1000:,.0f} kB\n")


main()
