"""`python -m jmcp`."""

import sys

from jmcp.cli import main

sys.exit(main())
