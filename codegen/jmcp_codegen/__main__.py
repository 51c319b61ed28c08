"""`python -m jmcp_codegen`, the same as `jmcp generate`."""

import sys

from jmcp_codegen.cli import main

sys.exit(main())
