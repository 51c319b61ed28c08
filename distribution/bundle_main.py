"""What the bundle starts: `jmcp connect`, on the folder that the host gives as JMCP_ROOT_DIR."""

import os
import sys
from pathlib import Path

from jmcp.cli.main import main

BUNDLE = Path(__file__).resolve().parents[1]

if not os.environ.get("JMCP_ROOT_DIR") and Path.cwd().is_relative_to(BUNDLE):
    # A host that starts it in its own way: the bundle is nobody's folder of notebooks.
    os.chdir(Path.home())
sys.exit(main(["connect", *sys.argv[1:]]))
