"""
Tokens for API clients that OpenAPI Generator has written.
"""

import copy
from typing import TypeVar

from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.base_source import check_bearer_source
from oauth_cc._io.source import TokenSource
from oauth_cc.errors import InvalidInput

__all__ = ["with_source"]


def __dir__() -> list[str]:
    return __all__


C = TypeVar("C")


def with_source(configuration: C, source: TokenSource | AsyncTokenSource) -> C:
    """
    Return a copy of *configuration* whose ``access_token`` is a valid token of *source* at each call.

    The client reads it without ``await``. So from an `AsyncTokenSource` it is the cached token, and calls belong within
    ``source.keep_fresh()``.

    Args:
        configuration: The ``Configuration`` of the generated package.
        source: The source of the tokens.

    Raises:
        InvalidInput: *configuration* has no ``access_token``, or *source* has another type or DPoP tokens.
    """
    check_bearer_source(source, TokenSource, AsyncTokenSource)
    if not hasattr(configuration, "access_token") or not hasattr(configuration, "__dict__"):
        name = type(configuration).__name__
        raise InvalidInput("configuration", f"configuration must be the client's Configuration, not {name}")

    def access_token(_configuration: object) -> str:
        if isinstance(source, TokenSource):
            return source.access_token()
        token = source.peek()
        if token is None:
            raise InvalidInput("source", "source has no token yet; make the call within source.keep_fresh()")
        return token.access_token.reveal()

    kind = type(configuration)
    made = copy.copy(configuration)
    vars(made).pop("access_token", None)
    # The setter is for the copies that the generated client makes of its configuration.
    attribute = property(access_token, lambda _configuration, _value: None)
    object.__setattr__(made, "__class__", type(kind.__name__, (kind,), {"access_token": attribute}))
    return made
