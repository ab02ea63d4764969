"""
A real authorization server in the process, for tests (extra ``testing``).

Authlib makes its decisions, not this library, so that the two check each other.
"""

try:
    from oauth_cc.testing._clients import AuthenticationMethod, FederatedIdentity, RegisteredClient
    from oauth_cc.testing._clock import TokenClock
    from oauth_cc.testing._faults import Fault, Quota
    from oauth_cc.testing._issuer import AssertionIssuer
    from oauth_cc.testing._messages import TokenRequestSeen
    from oauth_cc.testing._private_authority import PrivateAuthority
    from oauth_cc.testing._protected import ProtectedResource, ResourceCall
    from oauth_cc.testing._server import AuthorizationServer
except ImportError as _error:
    raise ImportError("oauth_cc.testing needs Authlib; run pip install 'oauth_cc[testing]'") from _error

__all__ = [
    "AssertionIssuer",
    "AuthenticationMethod",
    "AuthorizationServer",
    "Fault",
    "FederatedIdentity",
    "PrivateAuthority",
    "ProtectedResource",
    "Quota",
    "RegisteredClient",
    "ResourceCall",
    "TokenClock",
    "TokenRequestSeen",
]


def __dir__() -> list[str]:
    return __all__
