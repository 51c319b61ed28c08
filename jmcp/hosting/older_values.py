"""What was asked for in the older names, and what it is here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from jmcp.core.errors import ServeError
from jmcp.hosting.jupyter_address import jupyter_address
from jmcp.options.older_options import DEFAULT_JUPYTER_URL, NOT_GIVEN, OlderOption

URLS = frozenset({"jupyter_url", "document_url", "kernel_url"})
STARTS = {True: "now", False: "first-run"}
"""What START_NEW_RUNTIME is as notebook_kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A value, and how whoever gave it named it. `variable` is its name where it came from one."""

    value: Any
    source: str
    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderValues:
    """`options` by the name of jmcp's option, `names` as they were given, `remarks` about what has
    no effect here."""

    options: Mapping[str, Asked]
    names: frozenset[str]
    remarks: tuple[str, ...]

    def value(self, option: str) -> Any:
        asked = self.options.get(option)
        return asked.value if asked is not None else None


def older_values(
    options: Iterable[OlderOption],
    arguments: Mapping[str, str | None],
    environment: MutableMapping[str, str],
    *,
    by_flag: bool = True,
) -> OlderValues:
    """The values of arguments, by name of the older option, and of variables; arguments win.

    With `by_flag` errors name the flags of arguments, else their names as they are.

    Variables that hold a secret are removed, so that no kernel inherits one. Raises ServeError for
    a value that is none, for one that jmcp cannot do, and for two that contradict each other.
    """
    found: dict[str, Asked] = {}
    names, remarks = set(), []
    for option in options:
        flags = dict(zip(option.names, option.flags, strict=False))
        by_argument = [
            Asked(value=text, source=flags[name] if by_flag else name)
            for name in flags
            if (text := arguments.get(name)) is not None
        ]
        take = environment.pop if option.secret else environment.get
        by_variable = [
            Asked(value=text, source=f"variable {variable}", variable=variable)
            for variable in option.environment
            if (text := take(variable, None)) is not None
        ]
        asked = _one(option, by_argument) or _one(option, by_variable)
        if asked is None:
            continue
        names.add(asked.source)
        if option.becomes:
            found.setdefault(option.becomes, asked)
        elif asked.value not in option.harmless:
            if option.refused:
                raise ServeError(f"{_shown(option, asked)}: {option.instead}")
            remarks.append(f"{asked.source} has no effect: {option.instead}")
    return OlderValues(options=found, names=frozenset(names), remarks=tuple(remarks))


def check_newer(
    values: OlderValues, newer: Callable[[str], Any], variable: Callable[[str], str]
) -> None:
    """Raises ServeError where a variable of jmcp says something else than an older one.

    `newer` gives the value of jmcp's variable for an option, None without one. Which of the two is
    meant nobody can tell, and either could be what an agent's configuration was changed to.
    """
    for name, asked in values.options.items():
        known = newer(name)
        if asked.variable is None or known is None or _same(name, asked.value, known):
            continue
        raise ServeError(
            f"{asked.variable} and {variable(name)} are two names of one option and have different "
            "values; remove one of them"
        )


def with_defaults(
    values: Mapping[str, Any], given_elsewhere: Callable[[str], bool]
) -> dict[str, Any]:
    """The URLs of both servers as older servers resolve them: each one's own, else the one for
    both, else the default; the server of documents is that of the kernels where only this is given.
    """
    completed = dict(values)

    def known(name: str) -> bool:
        return name in completed or given_elsewhere(name)

    if not known("jupyter_url"):
        if known("kernel_url") and not known("document_url"):
            if "kernel_url" in completed:
                completed["document_url"] = completed["kernel_url"]
                if "kernel_token" in completed:
                    completed.setdefault("document_token", completed["kernel_token"])
        elif not (known("document_url") and known("kernel_url")):
            completed["jupyter_url"] = DEFAULT_JUPYTER_URL
    return completed


def _one(option: OlderOption, given: list[Asked]) -> Asked | None:
    """The value that all of these say, None where none says any. Raises ServeError."""
    parsed = [
        Asked(value=_parsed(option, one), source=one.source, variable=one.variable)
        for one in given
        if one.value.strip().lower() not in NOT_GIVEN
    ]
    for one in parsed[1:]:
        same_kind = option.becomes or one.source == parsed[0].source
        if same_kind and not _same(option.becomes, one.value, parsed[0].value):
            raise ServeError(
                f"{parsed[0].source} and {one.source} are two names of one option and have "
                "different values; remove one of them"
            )
    return parsed[0] if parsed else None


def _parsed(option: OlderOption, given: Asked) -> Any:
    text = given.value.strip()
    try:
        value = option.type.parsed(text)
        if option.becomes in URLS:
            try:
                jupyter_address("jupyter", text, "")
            except ServeError:
                # Not the text: it may hold a password.
                raise ValueError(
                    "it is not the URL of a server, as in http://127.0.0.1:8888/"
                ) from None
    except ValueError as error:
        raise ServeError(f"{given.source}: {error}") from error
    if option.becomes == "notebook_kernel" and isinstance(value, bool):
        return STARTS[value]
    return value


def _shown(option: OlderOption, asked: Asked) -> str:
    return asked.source if option.secret else f"{asked.source}={asked.value}"


def _same(name: str, one: Any, other: Any) -> bool:
    if name in URLS:
        return str(one).rstrip("/") == str(other).rstrip("/")
    return bool(one == other)
