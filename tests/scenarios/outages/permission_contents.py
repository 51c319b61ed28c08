"""Contents that obey the mode of a file, as the system has it for everybody but root."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError


class PermissionContents(AsyncLargeFileManager):
    def is_writable(self, path: str) -> bool:
        return not self._is_closed(path)

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        if self._is_closed(path):
            raise HTTPError(403, f"Permission denied: {path}")
        manager: Any = super()
        saved: dict[str, Any] = await manager.save(model, path)
        return saved

    def _is_closed(self, path: str) -> bool:
        manager: Any = self
        file = Path(manager._get_os_path(path))
        return file.is_file() and not file.stat().st_mode & stat.S_IWUSR
