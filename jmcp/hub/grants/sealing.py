"""Encryption of what the gateway keeps of others: the Hub's tokens, and the state of a login."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from jmcp.core.errors import ServeError

KEY_FILE = "gateway.keys"
OTHERS_MAY_READ = stat.S_IRWXG | stat.S_IRWXO


class Sealer:
    """Seals with the first of `keys`, and opens what any of them sealed.

    To change the key put a new one first; drop the old one when the longest grant has ended.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> str:
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str, *, seconds: int | None = None) -> str | None:
        """The text; None where another key sealed it, it was changed, or it is older than `seconds`."""
        try:
            return self._keys.decrypt(sealed.encode(), ttl=seconds).decode()
        except (InvalidToken, UnicodeError):
            return None


def load_keys(folder: Path, configured: str = "") -> list[str]:
    """The keys: those `configured` (with commas or blanks between), or those of the key file in `folder`, one a
    line, which is made where there is none. Raises ServeError for no keys, and for a file that others
    may read."""
    if configured:
        return _checked(configured.replace(",", " ").split(), "JMCP_GATEWAY_KEYS")
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path)
        if path.stat().st_mode & OTHERS_MAY_READ:
            raise ServeError(f"others may read {path}, which holds keys: chmod 600 {path}")
        lines = path.read_text().split()
    except OSError as error:
        raise ServeError(f"the gateway's keys in {path} cannot be read: {error.strerror}") from None
    return _checked(lines, str(path))


def _create(path: Path) -> None:
    """Written and private before it has its name, so that a second gateway reads all of it."""
    if path.exists():
        return
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(new, path)
        except FileExistsError:  # another gateway was faster
            return
    finally:
        new.unlink(missing_ok=True)


def _checked(keys: list[str], where: str) -> list[str]:
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys:
        # Without the key itself: this line goes to a log.
        raise ServeError(
            f"{where} holds no key, or something else: each is what "
            "cryptography.fernet.Fernet.generate_key() returns"
        )
    return keys
