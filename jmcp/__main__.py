"""`python -m jmcp`."""

import sys

from jmcp.cli.main import main

sys.exit(main())
