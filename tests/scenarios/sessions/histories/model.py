"""What sessions are, said once more and as simply as it can be: what the real ones are held against."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

IDLE_SECONDS = 24 * 3600.0
SESSIONS = 4
"""The most that an owner may have here."""
NOTEBOOKS = 3
"""The most that a session may hold here."""
EXIST = ("a.ipynb", "b.ipynb", "folder/c.ipynb", "d.ipynb")


class Refused(Exception):
    """The call has to fail with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a call says of the session that it means."""

    owner: str
    connection: str | None = None
    session_id: str | None = None
    notebook_path: str | None = None


@dataclass(kw_only=True)
class Session:
    owner: str
    connection: str | None
    used: float
    names: dict[str, str] = field(default_factory=dict)
    """The names of its notebooks by path, in the order in which they were opened."""
    current: str = ""

    def holds(self, text: str) -> str | None:
        """The path of the notebook that a call names, by path, by name or by another spelling."""
        if text in self.names:
            return text
        named = [path for path, name in self.names.items() if name == text]
        if len(named) == 1:
            return named[0]
        plain = posixpath.normpath(text)
        return plain if plain in self.names else None


class Model:
    """All sessions by owner and id, also those that have expired without anybody noticing."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.sessions: dict[tuple[str, str], Session] = {}

    def live(self, owner: str) -> dict[str, Session]:
        return {
            session_id: session
            for (other, session_id), session in self.sessions.items()
            if other == owner and self.now - session.used <= IDLE_SECONDS
        }

    def sweep(self) -> None:
        self.sessions = {
            key: session for key, session in self.sessions.items() if key[1] in self.live(key[0])
        }

    def meant(self, asked: Asked, *, read_only: bool) -> tuple[str, Session]:
        """The session that a call means: the first rule that hits."""
        mine = self.live(asked.owner)
        if asked.session_id is not None:
            if asked.session_id not in mine:
                raise Refused("session_not_found")
            return asked.session_id, mine[asked.session_id]
        connected = [
            key
            for key, one in mine.items()
            if asked.connection is not None and one.connection == asked.connection
        ]
        holding = [
            key
            for key, one in mine.items()
            if asked.notebook_path is not None and one.holds(asked.notebook_path)
        ]
        for hit in (connected, holding, list(mine) if read_only else []):
            if len(hit) == 1:
                return hit[0], mine[hit[0]]
        raise Refused("session_required")

    def called(self, asked: Asked, *, read_only: bool) -> tuple[str, str]:
        """A call that goes well: which session and which notebook it was on."""
        session_id, session = self.meant(asked, read_only=read_only)
        path = self._held(session, asked)
        session.used = self.now
        return session_id, path

    def _held(self, session: Session, asked: Asked) -> str:
        if asked.notebook_path is None:
            return session.current
        path = session.holds(asked.notebook_path)
        if path is None:
            raise Refused("notebook_not_open")
        return path

    def opens(self, asked: Asked) -> bool:
        """Whether use_notebook makes a session, rather than going on in one. Raises Refused."""
        mine = self.live(asked.owner)
        if asked.session_id in mine:
            return False
        if len(mine) >= SESSIONS:
            raise Refused("session_limit")
        return True

    def opened(self, asked: Asked, session_id: str, name: str | None) -> str:
        """use_notebook that went well, on a session of that id; what it says that it did."""
        path = self.exists(asked)
        session = self.live(asked.owner).get(session_id)
        if session is None:
            session = Session(owner=asked.owner, connection=asked.connection, used=self.now)
            self.sessions[asked.owner, session_id] = session
        action = "opened"
        if path in session.names:
            action = "reused" if session.current == path else "switched"
        stem = posixpath.basename(path).removesuffix(".ipynb")
        session.names[path] = name or session.names.get(path, stem)
        session.current = path
        session.used = self.now
        return action

    def exists(self, asked: Asked) -> str:
        """The notebook to open. Raises Refused: there is none, or the session holds too many."""
        path = posixpath.normpath(asked.notebook_path or "")
        if path.startswith(".."):
            raise Refused("path_refused")
        if path not in EXIST:
            raise Refused("notebook_not_found")
        session = self.live(asked.owner).get(asked.session_id or "")
        if session is not None and len(session.names.keys() | {path}) > NOTEBOOKS:
            raise Refused("session_limit")
        return path

    def released(self, asked: Asked) -> tuple[str, str, str | None]:
        """unuse_notebook that goes well: the session, what it let go, and what is current then."""
        session_id, session = self.meant(asked, read_only=False)
        path = self._held(session, asked)
        del session.names[path]
        session.used = self.now
        if not session.names:
            del self.sessions[asked.owner, session_id]
            return session_id, path, None
        if session.current == path:
            session.current = list(session.names)[-1]
        return session_id, path, session.current
