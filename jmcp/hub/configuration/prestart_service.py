"""The process that starts servers of named users: `python -m jmcp.hub.configuration.prestart_service`.

The Hub runs it as a service, with a token that may start these servers only. It asks for one after
another, so that it never takes the places of people who wait, and gives up for now where there is no
room.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

ANSWER_SECONDS = 60.0
PAUSE_SECONDS = 5.0
"""Between two servers, and before it is tried again where too many start."""
ATTEMPTS = 60
log = logging.getLogger("jmcp.prestart")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    url: str
    token: str

    def start(self, name: str) -> tuple[int, str]:
        """Ask for a server. Returns the status and what the Hub says; 0 for no answer."""
        request = urllib.request.Request(
            f"{self.url}/users/{quote(name, safe='@~')}/server",
            method="POST",
            # As it was started last; an empty object would choose the first template.
            data=b'{"user_options": null}',
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _message(error.read())
        except OSError as error:
            return 0, str(error)


def start_all(hub: Hub, names: Sequence[str], wait: Callable[[float], object]) -> list[str]:
    """Start the servers of these users. Returns the names of those that run or start now."""
    started = []
    for name in names:
        for _ in range(ATTEMPTS):
            status, message = hub.start(name)
            if status not in (0, 429):
                break
            wait(PAUSE_SECONDS)
        if status in (201, 202) or (
            status == 400 and ("running" in message or "pending" in message)
        ):
            log.info("The server of %s starts or runs", name)
            started.append(name)
        else:
            log.warning("The server of %s does not start: %s (status %d)", name, message, status)
            if status == 503:  # no room, for the others neither
                break
        wait(PAUSE_SECONDS)
    return started


def seconds_until(times: Sequence[str], now: datetime) -> float | None:
    """How long until the next of these times of the day; None without any."""
    moments = []
    for time in times:
        hour, minute = map(int, time.split(":"))
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        moments.append(moment if moment > now else moment + timedelta(days=1))
    return min((moment - now).total_seconds() for moment in moments) if moments else None


def main(argv: Sequence[str] | None = None) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", action="append", default=[])
    parser.add_argument("--at", action="append", default=[])
    arguments = parser.parse_args(argv)
    hub = Hub(url=os.environ["JUPYTERHUB_API_URL"], token=os.environ["JUPYTERHUB_API_TOKEN"])
    pause = threading.Event()
    while True:
        start_all(hub, arguments.user, pause.wait)
        # Never ends by itself, as the Hub would start it again at once.
        pause.wait(seconds_until(arguments.at, datetime.now()))


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


if __name__ == "__main__":
    main()
