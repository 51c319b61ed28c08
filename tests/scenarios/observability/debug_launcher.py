"""jmcp or JupyterLab with every logger of the process at DEBUG, as `python debug_launcher.py jmcp serve ...`."""

from __future__ import annotations

import importlib
import logging
import sys

MAIN = {"jmcp": "jmcp.cli.main", "lab": "jupyterlab.labapp"}

if __name__ == "__main__":
    program = sys.argv.pop(1)
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(name)s:%(message)s")
    if program == "jmcp":
        # What it sets for itself would be more quiet.
        logging.getLogger("jmcp").setLevel(logging.DEBUG)
    sys.exit(importlib.import_module(MAIN[program]).main())
