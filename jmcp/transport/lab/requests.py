"""What jmcp's labextension asks by HTTP: JSON for JSON, with Jupyter's login, errors as problems."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web

from jmcp.core.errors import BackendError
from jmcp.core.pages.clients import client_name
from jmcp.core.pages.pages import Way
from jmcp.core.pages.tabs import TabRooms, Visitor
from jmcp.transport.jupyter_identity import IdentifiedHandler
from jmcp.transport.problems import Problem, error_body

if TYPE_CHECKING:
    from jmcp.core.errors import ToolError

BODY_BYTES = 16_384
"""Of a request that names a notebook."""
NOTEBOOKS = 3
"""Two in one body, with the escapes of JSON."""
PATH_CHARACTERS = 4_096
NO_ROOMS = "Notebooks of this server are not shared by rooms."
NOT_ASKED = "The body is not the JSON that this address takes."


class LabHost(Protocol):
    """What the labextension's requests need of the extension."""

    @property
    def frame_ancestors(self) -> tuple[str, ...]:
        """Whose pages may have JupyterLab in a frame, beside those of this server."""

    async def rooms(self) -> TabRooms | None:
        """The rooms for tabs, once jmcp runs; None where it shares none. Raises Problem 503."""

    def way(self) -> Way:
        """How pages of this server have their notebooks, as of now."""

    def tool_error(self, error: BackendError) -> ToolError:
        """What a client is told of that error."""


class LabHandler(IdentifiedHandler):
    """Answers JSON, with what Jupyter's authorizer says of `contents`."""

    auth_resource = "contents"

    def initialize(self, host: LabHost, allow: str) -> None:  # type: ignore[override]
        super().initialize(cast("Any", host), allow)
        self._lab = host

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        await super().prepare()
        if self._named is not None and not self._finished:
            self._refuse_anonymous()  # a token of jmcp's own is no person at a page

    async def answer(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Finish the request with what `work` returns, or with the problem that it raises."""
        self.set_header("Cache-Control", "no-store")
        try:
            found = await work()
        except Problem as problem:
            self.refuse(problem.body, problem.headers)
        except BackendError as error:
            self.refuse(error_body(self._lab.tool_error(error)))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(json.dumps(found, default=_plain))

    async def tab_rooms(self) -> TabRooms:
        """Raises Problem where there are none."""
        rooms = await self._lab.rooms()
        if rooms is None:
            raise Problem(503, NO_ROOMS)
        return rooms

    async def visitor(self) -> Visitor:
        """Who asks, as far as rooms have to know."""
        may_write = await ensure_async(
            self.authorizer.is_authorized(
                self, cast("Any", self.current_user), "write", self.auth_resource
            )
        )
        user = getattr(self.current_user, "username", "")
        program = self.request.headers.get("User-Agent", "")
        client = client_name(user, program, str(self.request.remote_ip))
        return Visitor(owner=self.owner, may_write=bool(may_write), client=client)

    def asked(self, limit: int = BODY_BYTES) -> dict[str, Any]:
        """The body. Raises Problem 413, 400."""
        if len(self.request.body) > limit:
            raise Problem(413, NOT_ASKED)
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Problem(400, NOT_ASKED)
        return body


def path_and_room(body: dict[str, Any]) -> tuple[str, str | None]:
    """The notebook that a request is about. Raises Problem 400."""
    path, room = body.get("path"), body.get("room")
    for given in (path, room):
        if given is not None and (not isinstance(given, str) or len(given) > PATH_CHARACTERS):
            raise Problem(400, NOT_ASKED)
    if path is None:
        raise Problem(400, NOT_ASKED)
    return path, room


class RoomsHandler(LabHandler):
    """`PUT /jmcp/lab/rooms {path, room}`: where a tab joins."""

    @web.authenticated
    @authorized("read", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def put(self) -> None:
        async def join() -> Any:
            path, room = path_and_room(self.asked())
            return await (await self.tab_rooms()).join(path, room, await self.visitor())

        await self.answer(join)


class SaveHandler(LabHandler):
    """`POST /jmcp/lab/save {path, room}`: the file has what the room has, or why not."""

    @web.authenticated
    @authorized("write", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def post(self) -> None:
        async def save() -> Any:
            path, room = path_and_room(self.asked())
            return await (await self.tab_rooms()).save(path, room)

        await self.answer(save)


class RejoinHandler(LabHandler):
    """`POST /jmcp/lab/rejoin {path, room, base, mine}`: what a tab of another history had comes in."""

    @web.authenticated
    @authorized("write", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def post(self) -> None:
        async def rejoin() -> Any:
            rooms = await self.tab_rooms()
            body = self.asked(NOTEBOOKS * rooms.message_bytes)
            path, room = path_and_room(body)
            visitor = await self.visitor()
            return await rooms.rejoin(path, room, body.get("base"), body.get("mine"), visitor)

        await self.answer(rejoin)


class RevertHandler(LabHandler):
    """`POST /jmcp/lab/revert {path, room}`: the room has what the file has."""

    @web.authenticated
    @authorized("write", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def post(self) -> None:
        async def revert() -> Any:
            path, room = path_and_room(self.asked())
            await (await self.tab_rooms()).revert(path, room)
            return {}

        await self.answer(revert)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
