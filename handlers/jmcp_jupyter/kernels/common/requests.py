"""What kernels are asked, whichever way the request goes."""

from __future__ import annotations

from typing import Any


def execute_request(code: str, *, store_history: bool) -> dict[str, Any]:
    """The content of an `execute_request`. `input()` in the code raises: nobody could answer.

    An error must not end what waits behind it in the kernel: that may be another client's.
    """
    return {
        "code": code,
        "silent": False,
        "store_history": store_history,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": False,
    }
