"""
A user's records that contain records of the library.
"""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, assert_type

import attrs

from oauth_cc import ClientCredentials, NoAuthentication, Scope, Token, TokenRequest, token_request


@attrs.frozen
class Service:
    """A service and its token request."""

    name: str
    request: TokenRequest
    token: Token | None = None


EVERYTHING = Scope()


@dataclass(frozen=True)
class Settings:
    """The same as a dataclass."""

    credentials: ClientCredentials
    scope: Scope = EVERYTHING


class Keeper(Protocol):
    """A protocol for anything that stores tokens."""

    def keep(self, token: Token) -> None:
        """Store a token."""
        ...


K = TypeVar("K", bound=Keeper)


@attrs.frozen
class Kept(Generic[K]):
    """A service with its keeper."""

    service: Service
    keeper: K


settings = Settings(ClientCredentials("your_id", "s3cret"))
service = Service("billing", token_request(settings.credentials, settings.scope))
assert_type(attrs.evolve(service, name="orders"), Service)
assert_type(service.request.credentials.client_id, str)
assert_type(attrs.evolve(settings.credentials, client_id="another"), ClientCredentials)
assert_type(attrs.evolve(settings.credentials, authentication=NoAuthentication()), ClientCredentials)
services: dict[TokenRequest, Service] = {service.request: service}
scopes: frozenset[Scope] = frozenset({settings.scope, Scope.of("a")})
