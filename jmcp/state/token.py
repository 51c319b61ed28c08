"""The user's jmcp folder, and the token of all servers of that user, which is kept there."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from jmcp.core.errors import ServeError

TOKEN_BYTES = 24


def config_folder() -> Path:
    """The user's jmcp folder: below XDG_CONFIG_HOME, or ~/.config."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "jmcp"


def user_token(directory: Path) -> str:
    """The token of this user's servers, made on first use and kept: client configurations stay valid.

    The file is written and private (0600) before it gets its name, also with several servers at once.
    Raises ServeError where it cannot be read or made.
    """
    try:
        return kept_token(directory) or _made(directory)
    except OSError as error:
        raise ServeError(
            f"no token can be kept: {error.filename or directory}: {error.strerror}. Give one as the "
            "variable JMCP_TOKEN, or set XDG_CONFIG_HOME to a folder that can be written"
        ) from error


def _made(directory: Path) -> str:
    path = directory / "token"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".token")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(TOKEN_BYTES))
        if path.exists():  # it is empty, or `kept_token` had returned it
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        pass  # another server has just made one, which is the token now
    finally:
        Path(temporary).unlink(missing_ok=True)
    return kept_token(directory)


def kept_token(directory: Path) -> str:
    """That token; empty where none was made yet."""
    try:
        return (directory / "token").read_text().strip()
    except FileNotFoundError:
        return ""
