"""Where the gateway is, as browsers and clients see it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAddress:
    """`origin` is the scheme and host, as in https://hub.example.org; `prefix` the service's path
    without a slash at its end, as in /services/jmcp. `own_host`: nothing else is on that host, as with
    the Hub's subdomains."""

    origin: str
    prefix: str
    own_host: bool = False

    @classmethod
    def at(cls, public_url: str, prefix: str, *, own_host: bool = False) -> GatewayAddress:
        """The address of a gateway with that public URL, whose origin is written as browsers send it:
        in lower case, and without the port that the scheme has anyway."""
        parts = urlsplit(public_url.lower())
        netloc = parts.netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))
        return cls(origin=f"{parts.scheme}://{netloc}", prefix=prefix, own_host=own_host)

    @property
    def base(self) -> str:
        """The URL of the gateway, which is its issuer too."""
        return self.origin + self.prefix

    @property
    def mcp(self) -> str:
        """The URL that users give their clients."""
        return f"{self.base}/mcp"

    @property
    def rest(self) -> str:
        return f"{self.base}/jmcp/v1"

    @property
    def secure(self) -> bool:
        return urlsplit(self.origin).scheme == "https"

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc
