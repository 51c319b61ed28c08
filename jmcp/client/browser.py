"""The browser of the person at this machine."""

from __future__ import annotations

import html
import os
import threading
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jmcp.core.errors import ServeError
from jmcp.state.running_servers import private_folder

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Opening jmcp</title>
<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={url}"></head>
<body><a href="{url}">Open jmcp</a></body></html>
"""
KEPT_SECONDS = 600
"""A page's ticket is good for a minute, and a browser may be slow."""


def open_page(url: str, *, browser: str | None = None, through_file: bool = True) -> str | None:
    """Open the URL in `browser`, or the machine's own. Returns why not, or None where it was.

    `through_file`: others of this machine can read the arguments of a browser, so those name a
    file of this user's alone, which leads to the URL.
    """
    try:
        opener = webbrowser.get(browser)
        opened = opener.open(_page(url).as_uri() if through_file else url, new=2)
    except webbrowser.Error as error:
        return str(error)
    except ServeError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or 'the browser'}: {error.strerror}"
    return None if opened else "the browser did not open it"


def _page(url: str) -> Path:
    """A file that leads to the URL. Raises ServeError, OSError."""
    folder = private_folder()
    for old in folder.glob("open-*.html"):
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                old.unlink()
    file = folder / f"open-{os.getpid()}-{time.monotonic_ns()}.html"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as written:
        written.write(PAGE.format(url=html.escape(url)))
    return file


def open_in_background(
    url: str,
    plain_url: str,
    say: Callable[[str], None],
    *,
    browser: str | None = None,
    through_file: bool = True,
) -> None:
    """`open_page` in a thread, since a browser may take its time. Says `plain_url` where none opens."""

    def opened() -> None:
        if (reason := open_page(url, browser=browser, through_file=through_file)) is not None:
            say(
                f"no browser opened ({reason}). Open {plain_url}, or take the URL that jmcp open --print "
                "prints"
            )

    threading.Thread(target=opened, name="jmcp-browser", daemon=True).start()
