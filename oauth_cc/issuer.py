"""
An authorization server by its issuer identifier, in place of its token endpoint.
"""

from typing import TypeAlias, final

import attrs

from oauth_cc.endpoint import Endpoint, issuer_fault


@final
@attrs.frozen(init=False)
class Issuer:
    """
    The issuer identifier of a server whose metadata names the token endpoint (RFC 8414 section 2).

    Everything that sends a token request takes it in place of the endpoint, and discovers the endpoint.

        >>> Issuer("https://as.example/tenant")
        Issuer(url='https://as.example/tenant', allow_http=False)

    Args:
        url: The issuer identifier, a URL.
        allow_http: Allow plain http to a host other than loopback.

    Raises:
        InsecureEndpoint: The URL is http, to a host other than loopback.
        InvalidInput: The URL is not an issuer identifier. Neither error quotes it.
    """

    url: str
    allow_http: bool = False

    def __init__(self, url: str, *, allow_http: bool = False) -> None:
        fault = issuer_fault(url, allow_http=allow_http)
        if fault is not None:
            # Tracebacks show local variables, and the URL may contain credentials.
            del self, url
            raise fault
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "allow_http", Endpoint(url, allow_http=allow_http).allow_http)

    def __str__(self) -> str:
        return self.url

    @property
    def endpoint(self) -> Endpoint:
        """The URL as an `Endpoint`, as `from_issuer` takes it."""
        return Endpoint(self.url, allow_http=self.allow_http)


GivenEndpoint: TypeAlias = str | Endpoint | Issuer
"""What is accepted as the target of a token request: a token endpoint, or an issuer that names it."""
