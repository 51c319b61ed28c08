"""The environment of a kernel: the server's, without the server's credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SECRET_NAMES = frozenset(
    {
        "CONFIGPROXY_AUTH_TOKEN",
        "JPY_API_TOKEN",
        "JPY_COOKIE_SECRET",
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_CRYPT_KEY",
        "JUPYTER_GATEWAY_AUTH_TOKEN",
        "JUPYTER_TOKEN",
        "KG_AUTH_TOKEN",
    }
)
"""Credentials of Jupyter Server, JupyterHub, its proxy and gateways, by their documented names."""

SECRET_PREFIXES = ("JMCP_",)
"""All of jmcp's own settings: no kernel needs one, and some hold tokens or database addresses."""


def is_secret(name: str) -> bool:
    """Whether a kernel must not see the environment variable of that name."""
    upper = name.upper()
    return upper in SECRET_NAMES or upper.startswith(SECRET_PREFIXES)


class KernelEnvironment(dict[str, str]):
    """An environment that takes no secret, however it is filled.

    A filtered plain dict would not do: when a notebook is renamed, Jupyter updates the environment
    that the kernel's next restart gets from `os.environ`, and so brings the secrets back.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__((name, value) for name, value in environ.items() if not is_secret(name))

    def __setitem__(self, name: str, value: str) -> None:
        if not is_secret(name):
            super().__setitem__(name, value)

    def update(self, *others: Any, **values: str) -> None:
        """As `dict.update`, leaving out the secrets."""
        pairs: Iterable[tuple[str, str]] = dict(*others, **values).items()
        super().update((name, value) for name, value in pairs if not is_secret(name))
