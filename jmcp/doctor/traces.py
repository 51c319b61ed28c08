"""Whether traces that are asked for can be made, and whether anybody takes them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from jmcp.core.errors import ServeError
from jmcp.doctor.finding import Finding, problem, warning
from jmcp.doctor.installation import configured
from jmcp.trace_export import check_traces, endpoint

ANSWER_SECONDS = 2.0
PORTS = {"http": 80, "https": 443}


async def traces() -> Sequence[Finding]:
    """Nothing where none are asked for."""
    if not configured()["traces"]:
        return []
    try:
        check_traces(os.environ)
    except ServeError as error:
        return [problem("traces", str(error), "do that, or leave traces out of the configuration")]
    where = endpoint(os.environ)
    parts = urlsplit(where)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, connection = await asyncio.open_connection(
                parts.hostname, parts.port or PORTS.get(parts.scheme, 0)
            )
    except (OSError, TimeoutError, ValueError) as error:
        fact = f"nobody answers at {where} ({type(error).__name__}), so that they are lost"
        remedy = "start the collector, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is"
        return [warning("traces", fact, remedy)]
    connection.close()
    return [Finding(about="traces", fact=f"sent to {where}")]
