"""What the tools return to clients: their results, and what is said beside them."""

from __future__ import annotations

from jmcp.client.result import ClientResult

from . import models


class Opened(ClientResult, models.Opened, models.SessionFields): ...


class Cell(ClientResult, models.Cell, models.SessionFields): ...


class Removed(ClientResult, models.Removed, models.SessionFields): ...


class Server(ClientResult, models.Server): ...
