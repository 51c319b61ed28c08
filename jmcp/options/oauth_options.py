"""The options of OAuth together: which of them need each other, and where they do not apply."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from jmcp.core.errors import ServeError
from jmcp.options.serve_options import OAuthOptions, pop_token
from jmcp.options.table import BY_NAME, OAUTH

SECRET_VARIABLE = "JMCP_OAUTH_CLIENT_SECRET"
DEFAULT_CLAIM = "sub"
NAMES = tuple(option.name for option in OAUTH)
NO_RULE = (
    "--oauth-issuer needs --oauth-allow: who of all that can log in there may come in, because whoever "
    "comes in can run code on this machine. For example --oauth-allow email=*@example.org, groups=data-team, "
    "or sub=* for everybody who has an account there"
)
NO_ISSUER = (
    "{option} says something of --oauth-issuer, which is not given: add that, or leave {option} out"
)
OVER_STDIO = (
    "{option} is for clients over HTTP, and over stdio nobody logs in: leave it out, or serve without "
    "--transport stdio"
)
INSIDE_JUPYTER = (
    "{variable} does not apply inside of somebody's Jupyter, whose own login decides who comes in: remove it "
    "there. To let users of an OpenID provider in, start jmcp by itself (jmcp serve --oauth-issuer ...); for "
    "a server of each user's own, use a JupyterHub with the gateway of jmcp"
)


def oauth_options(
    values: Mapping[str, Any], environment: MutableMapping[str, str]
) -> OAuthOptions | None:
    """The options of OAuth among the resolved values of all; None without an issuer.

    The variable with the secret is removed, so that no kernel inherits it. Raises ServeError.
    """
    secret = pop_token(environment, (SECRET_VARIABLE,))
    if not values["oauth_issuer"]:
        for name in NAMES:
            if values[name]:
                raise ServeError(NO_ISSUER.format(option=BY_NAME[name].flag))
        return None
    if not values["oauth_allow"]:
        raise ServeError(NO_RULE)
    client, file = values["oauth_client_id"] or "", values["oauth_client_secret_file"]
    if file is not None and not secret:
        secret = _read(file)
    if bool(client) != bool(secret):
        raise ServeError(
            f"--oauth-client-id and its secret, in {SECRET_VARIABLE} or --oauth-client-secret-file, go "
            "together: give both, or neither where the provider's access tokens are JWTs"
        )
    return OAuthOptions(
        issuer=values["oauth_issuer"],
        allow=values["oauth_allow"],
        resource=values["oauth_resource"],
        audience=values["oauth_audience"] or (),
        scope=values["oauth_scope"] or (),
        user_claim=values["oauth_user_claim"] or DEFAULT_CLAIM,
        client_id=client,
        client_secret=secret,
    )


def refuse_over_stdio(explicit: Mapping[str, Any]) -> None:
    """Raises ServeError where an argument or a variable asks for OAuth; config.toml is also that of
    servers over HTTP."""
    for name in NAMES:
        if name in explicit:
            raise ServeError(OVER_STDIO.format(option=BY_NAME[name].flag))


def refuse_inside_jupyter(variables: Mapping[str, Any]) -> None:
    """Raises ServeError where a variable asks for OAuth; config.toml is also that of `jmcp serve`."""
    for name in NAMES:
        if name in variables:
            raise ServeError(INSIDE_JUPYTER.format(variable=BY_NAME[name].variable))


def _read(file: Path) -> str:
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ServeError(f"--oauth-client-secret-file {file} cannot be read: {error}") from error
    if not secret:
        raise ServeError(f"--oauth-client-secret-file {file} is empty")
    return secret
