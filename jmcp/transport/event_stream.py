"""The head of an answer that is a stream of server-sent events, for applications without a framework."""

from __future__ import annotations

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would else hold events back
)
