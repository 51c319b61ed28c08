"""A configuration file, changed so that nothing of it is lost, whatever happens meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jmcp.clients import jsonc, toml
from jmcp.clients.table import NAME, Client
from jmcp.core.errors import ServeError

MAX_BYTES = 2**26


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a file: `before` is empty where there is none."""

    path: Path
    before: str
    after: str


class ConfigFile:
    """The file of a client. All methods raise ServeError, with a sentence for a person."""

    def __init__(self, client: Client, path: Path) -> None:
        self.client = client
        self.path = path

    def entry(self) -> Any:
        """What is configured for jmcp; None where nothing is."""
        text = self._read()
        try:
            data = toml.parsed(text) if self.client.format == "toml" else jsonc.parsed(text)
        except ValueError as error:
            raise self._unreadable(error) from error
        section = data.get(self.client.section)
        return section.get(NAME) if isinstance(section, dict) else None

    def with_server(self, server: dict[str, Any]) -> Change:
        """The change that adds or replaces the entry of jmcp."""
        return self._change(
            lambda text, section: self._edit.with_member(text, section, NAME, server)
        )

    def without_server(self) -> Change:
        """The change that removes the entry of jmcp."""
        return self._change(lambda text, section: self._edit.without_member(text, section, NAME))

    def write(self, change: Change) -> Path | None:
        """Make a change, unless the file has changed meanwhile. Returns where its backup is.

        A link stays one, and the mode stays as it was.
        """
        target = self.path.resolve()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            backup = None
            if target.exists():
                backup = target.with_name(f"{target.name}.{datetime.now():%Y%m%d-%H%M%S}.bak")
                shutil.copy2(target, backup)
            self._replace(target, change)
        except OSError as error:
            raise ServeError(
                f"{error.filename or target} cannot be written: {error.strerror}"
            ) from error
        return backup

    @property
    def _edit(self) -> Any:
        return toml if self.client.format == "toml" else jsonc

    def _change(self, edit: Callable[[str, str], str]) -> Change:
        text = self._read()
        try:
            after = edit(text, self.client.section)
        except ValueError as error:
            raise self._unreadable(error) from error
        return Change(path=self.path, before=text, after=after)

    def _unreadable(self, error: ValueError) -> ServeError:
        kind = "TOML" if self.client.format == "toml" else "JSON"
        return ServeError(
            f"{self.path} is left as it is, because as {kind} it cannot be changed: {error}. Repair "
            "it, or write the entry yourself: --print shows it"
        )

    def _read(self) -> str:
        try:
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise ServeError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise ServeError(f"{self.path} has more than {MAX_BYTES:,} bytes, and is left as it is")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ServeError(f"{self.path} is not in UTF-8, and is left as it is") from None

    def _replace(self, target: Path, change: Change) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(change.after.encode())
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
                with suppress(OSError, AttributeError):  # as root: the file stays its owner's
                    found = target.stat()
                    os.chown(temporary, found.st_uid, found.st_gid)
            # At the last moment: clients write these files themselves.
            if self._read() != change.before:
                raise ServeError(f"{self.path} has just been changed by somebody else; try again")
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)
