"""The log as text or as JSON lines, without the secrets that libraries would write to it."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from jmcp.core.observe.call_log import Fields
from jmcp.options.settings import LogFormat

LOGGER = "jmcp"
LEAKY_AT_DEBUG = ("websockets.client", "sse_starlette.sse")
"""They log at DEBUG what they send: the token of a Jupyter Server, and whole answers."""
LOGGERS_OF_SESSION_IDS = ("mcp.server.streamable_http", "mcp.server.streamable_http_manager")
"""They log the whole ids of handshake-era sessions."""
SESSION = re.compile(r"(session(?: ID:|:)? )(?=\S*[0-9])(\S{2})\S{6,}", re.IGNORECASE)


def mask_secrets() -> None:
    """Keep libraries from logging tokens, answers and session ids, whatever the log level is."""
    for name in LEAKY_AT_DEBUG:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in LOGGERS_OF_SESSION_IDS:
        logging.getLogger(name).addFilter(_mask)


def _mask(record: logging.LogRecord) -> bool:
    record.msg, record.args = SESSION.sub(r"\1\2***", record.getMessage()), None
    return True


class JsonLines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, and `message` or the fields of an event."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = record.args[0] if isinstance(record.args, tuple) and record.args else None
        if isinstance(fields, Fields):
            entry |= {"event": fields.kind, **fields.data}
        else:
            entry["message"] = record.getMessage()
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to_stderr(kind: LogFormat, verbose: bool) -> None:
    """Log warnings of all, and with `verbose` also what jmcp logs at INFO."""
    text = logging.Formatter("jmcp: %(levelname)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if kind == "json" else text)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if verbose:
        logging.getLogger(LOGGER).setLevel(logging.INFO)


def use_json(logger: logging.Logger | None) -> None:
    """Make that logger's handlers write JSON lines, whoever logs to it."""
    for handler in logger.handlers if logger is not None else ():
        handler.setFormatter(JsonLines())
