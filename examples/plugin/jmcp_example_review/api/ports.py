"""What a handler of each tool looks like, and the table that holds one for every tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jmcp.core.sessions.session import Session

from . import models


class ProfileDataframe(Protocol):
    async def __call__(
        self, params: models.ProfileDataframeParams, session: Session, /
    ) -> models.FrameProfile: ...


class FindTodos(Protocol):
    async def __call__(
        self, params: models.FindTodosParams, session: Session, /
    ) -> models.TodoList: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """A handler for every tool but the aliases."""

    profile_dataframe: ProfileDataframe
    find_todos: FindTodos
