"""The token of a user's servers, which outlives them, and the folder that it is kept in."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

TOKEN_BYTES = 24


def config_folder() -> Path:
    """The user's jmcp folder: below XDG_CONFIG_HOME, or ~/.config."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification says that a relative path there is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "jmcp"


def kept_token(directory: Path) -> str:
    """The token of this user's servers, made on first use: client configurations stay valid.

    The file is complete and private (0600) from the moment it has its name, whoever comes first.
    """
    path = directory / "token"
    if token := _read(path):
        return token
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".token")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(TOKEN_BYTES))
        if path.exists():  # there, but empty: somebody's leftover
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        pass  # another server was first, and its token is the one
    finally:
        Path(temporary).unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
